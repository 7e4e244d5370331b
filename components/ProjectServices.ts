import { projects } from "@pulumi/gcp";
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import type { Environment } from "../settings.ts";
import { servicesNeeded } from "./servicesNeeded.ts";

export interface ProjectServicesArgs {
  readonly environment: Environment;
  /** Whether pushes and a schedule start builds here, which needs connections, topics and jobs. */
  readonly triggers: boolean;
}

/**
 * The Google APIs that the environment uses; whatever needs one depends on this component.
 *
 * An API stays on when the stack is destroyed: it belongs to the project, and another stack may use it.
 */
export class ProjectServices extends ComponentResource {
  constructor(name: string, args: ProjectServicesArgs, options?: ComponentResourceOptions) {
    super("strata:index:ProjectServices", name, {}, options);

    for (const service of servicesNeeded(args.triggers)) {
      new projects.Service(
        `${name}-${service.replace(".googleapis.com", "")}`,
        { project: args.environment.project, service, disableOnDestroy: false },
        { parent: this },
      );
    }

    this.registerOutputs({});
  }
}
