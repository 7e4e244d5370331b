import gcp from "@pulumi/gcp/package.json" with { type: "json" };
import type { AnyKind } from "../standIn/kind.ts";
import { standIn } from "../standIn/provider.ts";
import { repository } from "./artifactRegistry.ts";
import { connectedRepository, connection, trigger, workerPool } from "./cloudBuild.ts";
import { bucketMember, projectMember, repositoryMember, secretMember, serviceAccountMember } from "./members.ts";
import { job, topic } from "./messaging.ts";
import { account, service } from "./project.ts";
import { bucket, bucketObject } from "./storage.ts";

/** The kinds that the stack uses, by their type in `@pulumi/gcp`. */
const kinds: Readonly<Record<string, AnyKind>> = {
  "gcp:artifactregistry/repository:Repository": repository,
  "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": repositoryMember,
  "gcp:cloudbuild/trigger:Trigger": trigger,
  "gcp:cloudbuild/workerPool:WorkerPool": workerPool,
  "gcp:cloudbuildv2/connection:Connection": connection,
  "gcp:cloudbuildv2/repository:Repository": connectedRepository,
  "gcp:cloudscheduler/job:Job": job,
  "gcp:projects/iAMMember:IAMMember": projectMember,
  "gcp:projects/service:Service": service,
  "gcp:pubsub/topic:Topic": topic,
  "gcp:secretmanager/secretIamMember:SecretIamMember": secretMember,
  "gcp:serviceaccount/account:Account": account,
  "gcp:serviceaccount/iAMMember:IAMMember": serviceAccountMember,
  "gcp:storage/bucket:Bucket": bucket,
  "gcp:storage/bucketIAMMember:BucketIAMMember": bucketMember,
  "gcp:storage/bucketObject:BucketObject": bucketObject,
};

/**
 * Stands in for pulumi-gcp where that plugin cannot be had: each resource makes the calls that pulumi-gcp 9 was seen to
 * make, against the local Google Cloud. It differs from the plugin in what local/README.md lists.
 */
export const gcpStandIn = standIn("pulumi-gcp", gcp.version, kinds);
