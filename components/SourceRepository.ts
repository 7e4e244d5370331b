import { cloudbuildv2 } from "@pulumi/gcp";
import { ComponentResource, type ComponentResourceOptions, type Output } from "@pulumi/pulumi";
import type { Environment, Source } from "../settings.ts";

export interface SourceRepositoryArgs {
  readonly environment: Environment;
  readonly source: Source;
}

/**
 * The catalogue's Git repository as Cloud Build knows it, through a connection that exists or one made here.
 *
 * A new connection is of use once a person has opened the address in its `installationState` and allowed the app, and
 * once Cloud Build's service agent may read the token's secret; Google asks for both outside any program.
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
  { environment: { project, region, prefix }, source }: SourceRepositoryArgs,
): cloudbuildv2.Connection {
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
    { parent },
  );
}

/** "https://github.com/acme/images.git" is images. */
function shortName(remoteUri: string): string {
  const last = new URL(remoteUri).pathname.split("/").at(-1) ?? "";
  return last.replace(/\.git$/, "").toLowerCase();
}
