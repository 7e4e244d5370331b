import { projects } from "@pulumi/gcp";
import { ComponentResource, type ComponentResourceOptions, type CustomResourceOptions } from "@pulumi/pulumi";
import type { Environment, Settings } from "../settings.ts";
import { RESOURCE_MANAGER, servicesNeeded } from "./servicesNeeded.ts";

export interface ProjectServicesArgs {
  readonly environment: Environment;
  /** What the environment has, which needs more or fewer of them. */
  readonly settings: Pick<Settings, "source" | "dockerHub">;
}

/**
 * The Google APIs that the environment uses; whatever needs one depends on this component.
 *
 * An API stays on when the stack is destroyed: it belongs to the project, and another stack may use it.
 */
export class ProjectServices extends ComponentResource {
  constructor(name: string, args: ProjectServicesArgs, options?: ComponentResourceOptions) {
    super("strata:index:ProjectServices", name, {}, options);

    const enabled = (service: string, options?: CustomResourceOptions) =>
      new projects.Service(
        `${name}-${service.replace(".googleapis.com", "")}`,
        { project: args.environment.project, service, disableOnDestroy: false },
        { parent: this, ...options },
      );
    // pulumi-gcp asks it for the project whenever it has enabled a service.
    const first = enabled(RESOURCE_MANAGER);
    for (const service of servicesNeeded(args.settings)) {
      if (service !== RESOURCE_MANAGER) enabled(service, { dependsOn: first });
    }

    this.registerOutputs({});
  }
}
