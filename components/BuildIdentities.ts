import { projects, serviceaccount } from "@pulumi/gcp";
import { ComponentResource, type ComponentResourceOptions, interpolate, type Output } from "@pulumi/pulumi";
import type { Environment } from "../settings.ts";

export interface BuildIdentitiesArgs {
  readonly environment: Environment;
  /** Members who may publish by hand, by acting as the publisher. */
  readonly publishers: readonly string[];
}

/**
 * Who builds. Two service accounts and no keys:
 *
 * - the **publisher** runs builds of protected branches. It submits builds, into the private pools, as itself; what it
 *   may push, store and cache is bound on the registry and the buckets.
 * - the **checker** runs builds that publish nothing: those of pull requests, and the refresh. The steps of such a build
 *   run the pull request's own code, so whatever this account may do, the author of a pull request may do: it writes
 *   logs, reads images and records, and reads and writes what the registry and the buckets call scratch.
 *
 * The roles here are those that Google binds on a project only; each other one is bound by the component of the
 * resource that it opens.
 */
export class BuildIdentities extends ComponentResource {
  /** The publisher as an IAM member, `serviceAccount:…`. */
  readonly publisher: Output<string>;
  /** The checker as an IAM member, `serviceAccount:…`. */
  readonly checker: Output<string>;
  /** The publisher's resource name, `projects/…/serviceAccounts/…`, as a build or trigger takes it. */
  readonly publisherAccount: Output<string>;
  /** The checker's resource name. */
  readonly checkerAccount: Output<string>;

  constructor(name: string, args: BuildIdentitiesArgs, options?: ComponentResourceOptions) {
    super("strata:index:BuildIdentities", name, {}, options);
    const { project, prefix } = args.environment;

    const account = (role: string, displayName: string) =>
      new serviceaccount.Account(
        `${name}-${role}`,
        { project, accountId: `${prefix}-${role}`, displayName },
        { parent: this },
      );
    const publisher = account("publisher", `Publishes the images of ${args.environment.name}`);
    const checker = account("checker", `Checks pull requests for ${args.environment.name}`);

    const onProject = (who: string, member: serviceaccount.Account, role: string) =>
      new projects.IAMMember(
        `${name}-${who}-${role.replace("roles/", "")}`,
        { project, role, member: member.member },
        { parent: this },
      );
    onProject("publisher", publisher, "roles/cloudbuild.builds.editor");
    onProject("publisher", publisher, "roles/cloudbuild.workerPoolUser");
    // Using a pool does not include looking at it, and a plan counts with the machine that the pool has.
    onProject("publisher", publisher, "roles/cloudbuild.workerPoolViewer");
    onProject("publisher", publisher, "roles/serviceusage.serviceUsageViewer");
    onProject("publisher", publisher, "roles/logging.logWriter");
    onProject("checker", checker, "roles/logging.logWriter");

    const actAsPublisher = (who: string, member: serviceaccount.IAMMemberArgs["member"], role: string) =>
      new serviceaccount.IAMMember(
        `${name}-publisher-${who}`,
        { serviceAccountId: publisher.name, role, member },
        { parent: this },
      );
    // A build names the account it runs as, and naming an account takes this role on it.
    actAsPublisher("itself", publisher.member, "roles/iam.serviceAccountUser");
    for (const person of args.publishers) actAsPublisher(person, person, "roles/iam.serviceAccountTokenCreator");

    this.publisher = interpolate`serviceAccount:${publisher.email}`;
    this.checker = interpolate`serviceAccount:${checker.email}`;
    this.publisherAccount = publisher.name;
    this.checkerAccount = checker.name;
    this.registerOutputs({ publisher: this.publisher, checker: this.checker });
  }
}
