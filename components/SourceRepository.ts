import { cloudbuildv2, secretmanager } from "@pulumi/gcp";
import { ComponentResource, type ComponentResourceOptions, type Input, interpolate, type Output } from "@pulumi/pulumi";
import type { Environment, Source } from "../settings.ts";

export interface SourceRepositoryArgs {
  readonly environment: Environment;
  readonly source: Source;
  /** The number of the environment's project; Google's own accounts have it in their names. */
  readonly projectNumber: Input<number>;
}

/**
 * The catalogue's Git repository as Cloud Build knows it, through a connection that exists or one made here.
 *
 * A new connection is made once Cloud Build's service agent may read the token's secret, which is granted here, and is
 * of use once a person has opened the address in its `installationState` and allowed the app: Google asks for that
 * outside any program.
 */
export class SourceRepository extends ComponentResource {
  /** Resource name, `projects/…/connections/…/repositories/…`, as a trigger takes it. */
  readonly repository: Output<string>;

  constructor(name: string, args: SourceRepositoryArgs, options?: ComponentResourceOptions) {
    super("strata:index:SourceRepository", name, {}, options);
    const { project, region, prefix } = args.environment;
    const { connection, repository: remoteUri } = args.source;

    const repository = new cloudbuildv2.Repository(
      `${name}-repository`,
      {
        project,
        location: region,
        name: `${prefix}-${shortName(remoteUri)}`,
        parentConnection: connection ?? newConnection(this, name, args).name,
        remoteUri,
      },
      { parent: this },
    );

    this.repository = repository.id;
    this.registerOutputs({ repository: this.repository });
  }
}

function newConnection(
  parent: SourceRepository,
  name: string,
  { environment: { project, region, prefix }, source, projectNumber }: SourceRepositoryArgs,
): cloudbuildv2.Connection {
  const agent = interpolate`serviceAccount:service-${projectNumber}@gcp-sa-cloudbuild.iam.gserviceaccount.com`;
  const granted = new secretmanager.SecretIamMember(`${name}-token`, mayRead(agent, source.token ?? ""), { parent });
  return new cloudbuildv2.Connection(
    `${name}-connection`,
    {
      project,
      location: region,
      name: prefix,
      githubConfig: {
        appInstallationId: source.installation,
        authorizerCredential: { oauthTokenSecretVersion: source.token },
      },
    },
    // Google reads the token when the connection is made.
    { parent, dependsOn: granted },
  );
}

/** Lets an account read a secret, which is named by one of its versions. */
export function mayRead(member: Input<string>, version: string): secretmanager.SecretIamMemberArgs {
  const [, project, , secretId = ""] = version.split("/");
  return { project, secretId, role: "roles/secretmanager.secretAccessor", member };
}

/** "https://github.com/acme/images.git" is images. */
function shortName(remoteUri: string): string {
  const last = new URL(remoteUri).pathname.split("/").at(-1) ?? "";
  return last.replace(/\.git$/, "").toLowerCase();
}
