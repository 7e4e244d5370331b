import { storage } from "@pulumi/gcp";
import { ComponentResource, type ComponentResourceOptions, type Input, interpolate, type Output } from "@pulumi/pulumi";
import type { Environment, Retention } from "../settings.ts";

export interface BuildStoreArgs {
  readonly environment: Environment;
  readonly retention: Retention;
  /** Who may read and write contexts, locks and records. */
  readonly publisher: Input<string>;
  /** Who may read records and the settings, and keep contexts of its own under `scratch/`. */
  readonly checker: Input<string>;
  /** Whether Pulumi refuses to delete the bucket, and the records in it. */
  readonly protect: boolean;
}

/** Where an environment's settings lie in its store. */
export const SETTINGS_OBJECT = "settings.json";

/**
 * The bucket of what builds leave behind, by prefix: `contexts/` (packed, named by digest), `locks/` (one per key),
 * `records/` (one per built key), `logs/` (Cloud Build's), `scratch/` (whatever pull requests need). Beside them lies
 * `settings.json`, which tells a build that a push started where it is.
 *
 * A context is found by its digest and then trusted, so only the publisher writes `contexts/`.
 */
export class BuildStore extends ComponentResource {
  /** The bucket's name. */
  readonly bucket: Output<string>;
  /** The number of its project: the names of Google's own accounts in the project have it. */
  readonly projectNumber: Output<number>;

  constructor(name: string, args: BuildStoreArgs, options?: ComponentResourceOptions) {
    super("strata:index:BuildStore", name, {}, options);
    const { project, region, prefix } = args.environment;

    const bucket = new storage.Bucket(
      `${name}-bucket`,
      {
        project,
        name: `${project}-${prefix}-builds`,
        location: region.toUpperCase(),
        uniformBucketLevelAccess: true,
        publicAccessPrevention: "enforced",
        softDeletePolicy: { retentionDurationSeconds: 0 },
        lifecycleRules: lifecycle(args.retention),
        forceDestroy: !args.protect,
      },
      { parent: this, protect: args.protect },
    );

    const grant = (who: string, role: string, member: Input<string>, below?: string) =>
      new storage.BucketIAMMember(
        `${name}-${who}`,
        { bucket: bucket.name, role, member, ...(below && { condition: only(bucket.name, below) }) },
        { parent: this },
      );
    grant("publisher", "roles/storage.objectUser", args.publisher);
    grant("checker-records", "roles/storage.objectViewer", args.checker, "records/");
    grant("checker-settings", "roles/storage.objectViewer", args.checker, SETTINGS_OBJECT);
    grant("checker-scratch", "roles/storage.objectUser", args.checker, "scratch/");

    this.bucket = bucket.name;
    this.projectNumber = bucket.projectNumber;
    this.registerOutputs({ bucket: this.bucket });
  }
}

/** Longest a lock can be of use: a build ends after 24 hours at most, and a day more is for reading what happened. */
const lockDays = 2;

function lifecycle(retention: Retention): NonNullable<storage.BucketArgs["lifecycleRules"]> {
  const drop = (prefix: string, age: number) => ({
    action: { type: "Delete" },
    condition: { age, matchesPrefixes: [prefix] },
  });
  return [
    drop("contexts/", retention.contextDays),
    drop("locks/", lockDays),
    drop("records/", retention.recordDays),
    drop("logs/", retention.recordDays),
    drop("scratch/", retention.scratchDays),
    { action: { type: "AbortIncompleteMultipartUpload" }, condition: { age: 1 } },
  ];
}

function only(bucket: Input<string>, prefix: string): NonNullable<storage.BucketIAMMemberArgs["condition"]> {
  return {
    title: `only ${prefix}`,
    expression: interpolate`resource.name.startsWith("projects/_/buckets/${bucket}/objects/${prefix}")`,
  };
}
