import { cloudbuild } from "@pulumi/gcp";
import { ComponentResource, type ComponentResourceOptions, type Output } from "@pulumi/pulumi";
import { UserError } from "../chain/errors.ts";
import type { Environment, Settings } from "../settings.ts";

export interface BuildPoolsArgs {
  readonly environment: Environment;
  /** Machines that the catalogue names, each once. */
  readonly machines: readonly string[];
  /** Machines used in place of those that the catalogue names. */
  readonly substitutes: Readonly<Record<string, string>>;
  /** Disk of each machine, in GB. */
  readonly diskGb: number;
  /** Whether builds reach the internet. */
  readonly egress: Settings["egress"];
}

/**
 * One private worker pool for each machine that the catalogue names, and none besides: a pool's machine belongs to the
 * pool, not to a build. An idle pool costs nothing.
 */
export class BuildPools extends ComponentResource {
  /** A pool's resource name, `projects/…/workerPools/…`, by the machine that the catalogue names. */
  readonly pools: Readonly<Record<string, Output<string>>>;

  constructor(name: string, args: BuildPoolsArgs, options?: ComponentResourceOptions) {
    super("strata:index:BuildPools", name, {}, options);
    refuseUnknownSubstitutes(args);

    const used = new Map(args.machines.map((machine) => [machine, args.substitutes[machine] ?? machine]));
    const made = new Map([...new Set(used.values())].map((machine) => [machine, pool(this, name, machine, args)]));

    this.pools = Object.fromEntries(
      [...used].flatMap(([wanted, machine]) => {
        const id = made.get(machine)?.id;
        return id ? [[wanted, id]] : [];
      }),
    );
    this.registerOutputs({ pools: this.pools });
  }
}

function pool(parent: BuildPools, name: string, machine: string, args: BuildPoolsArgs): cloudbuild.WorkerPool {
  const { project, region, prefix } = args.environment;
  return new cloudbuild.WorkerPool(
    `${name}-${machine}`,
    {
      project,
      location: region,
      name: `${prefix}-${machine}`,
      workerConfig: { machineType: machine, diskSizeGb: args.diskGb, noExternalIp: args.egress === "none" },
    },
    { parent },
  );
}

/** A substitute for a machine that no image names is a spelling mistake, and would silently do nothing. */
function refuseUnknownSubstitutes({ machines, substitutes }: BuildPoolsArgs): void {
  for (const machine of Object.keys(substitutes)) {
    if (machines.includes(machine)) continue;
    throw new UserError({
      problem: "strata:machines substitutes a machine that no image of the catalogue names",
      value: machine,
      allowed: [...machines].sort().join(", "),
      fix: `pulumi config rm --path 'strata:machines["${machine}"]'`,
    });
  }
}
