import { projects } from "@pulumi/gcp";
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import type { Environment } from "../settings.ts";

export interface ProjectServicesArgs {
  readonly environment: Environment;
  /** Whether pushes and a schedule start builds here, which needs connections, topics and jobs. */
  readonly triggers: boolean;
}

/** What every environment needs: identities, images, buckets and the quota of builds. */
const always = [
  "artifactregistry.googleapis.com",
  "cloudbuild.googleapis.com",
  "containerscanning.googleapis.com",
  "iam.googleapis.com",
  "iamcredentials.googleapis.com",
  "logging.googleapis.com",
  "serviceusage.googleapis.com",
  "storage.googleapis.com",
];

/** What only an environment with triggers needs. */
const forTriggers = ["cloudscheduler.googleapis.com", "pubsub.googleapis.com", "secretmanager.googleapis.com"];

/**
 * The Google APIs that the environment uses; whatever needs one depends on this component.
 *
 * An API stays on when the stack is destroyed: it belongs to the project, and another stack may use it.
 */
export class ProjectServices extends ComponentResource {
  constructor(name: string, args: ProjectServicesArgs, options?: ComponentResourceOptions) {
    super("strata:index:ProjectServices", name, {}, options);

    for (const service of args.triggers ? [...always, ...forTriggers] : always) {
      new projects.Service(
        `${name}-${service.replace(".googleapis.com", "")}`,
        { project: args.environment.project, service, disableOnDestroy: false },
        { parent: this },
      );
    }

    this.registerOutputs({});
  }
}
