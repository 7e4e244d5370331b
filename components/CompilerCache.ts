import { storage } from "@pulumi/gcp";
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from "@pulumi/pulumi";
import type { Environment, Retention } from "../settings.ts";

export interface CompilerCacheArgs {
  readonly environment: Environment;
  readonly retention: Retention;
  /** Who may read and write the cache. */
  readonly publisher: Input<string>;
  /** Who may only read it: a pull request that could write it could change what the publisher links. */
  readonly checker: Input<string>;
}

/**
 * The bucket behind ccache. ccache never deletes from a remote store, so age does; and everything in it can be made
 * again, so it goes with the stack, contents and all.
 */
export class CompilerCache extends ComponentResource {
  /** The bucket's name. */
  readonly bucket: Output<string>;

  constructor(name: string, args: CompilerCacheArgs, options?: ComponentResourceOptions) {
    super("strata:index:CompilerCache", name, {}, options);
    const { project, region, prefix } = args.environment;

    const bucket = new storage.Bucket(
      `${name}-bucket`,
      {
        project,
        name: `${project}-${prefix}-ccache`,
        location: region.toUpperCase(),
        uniformBucketLevelAccess: true,
        publicAccessPrevention: "enforced",
        // Soft deletion would bill each deleted result for a week more.
        softDeletePolicy: { retentionDurationSeconds: 0 },
        lifecycleRules: [{ action: { type: "Delete" }, condition: { age: args.retention.compilerCacheDays } }],
        forceDestroy: true,
      },
      { parent: this },
    );

    const grant = (who: string, role: string, member: Input<string>) =>
      new storage.BucketIAMMember(`${name}-${who}`, { bucket: bucket.name, role, member }, { parent: this });
    grant("publisher", "roles/storage.objectUser", args.publisher);
    grant("checker", "roles/storage.objectViewer", args.checker);

    this.bucket = bucket.name;
    this.registerOutputs({ bucket: this.bucket });
  }
}
