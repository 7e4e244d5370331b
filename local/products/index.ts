import type { Cloud } from "../cloud.ts";
import type { Message } from "../schema/messages.ts";
import { ARTIFACT_REGISTRY } from "./artifactRegistry/index.ts";
import { findBuildOperation } from "./cloudBuild/builds.ts";
import { CLOUD_BUILD_V2 } from "./cloudBuild/connections.ts";
import { CLOUD_BUILD } from "./cloudBuild/index.ts";
import { queueOf } from "./cloudBuild/queue.ts";
import { messagePublished } from "./cloudBuild/triggerRuns.ts";
import { COMPUTE } from "./compute.ts";
import { IAM, IAM_CREDENTIALS } from "./iam.ts";
import { LOGGING, writeLog } from "./logging.ts";
import { ALERT_PRODUCT, DASHBOARD_PRODUCT } from "./monitoring.ts";
import type { Product } from "./product.ts";
import { PUBSUB, type PublishedMessage } from "./pubsub.ts";
import { RESOURCE_MANAGER } from "./resourceManager.ts";
import { SCHEDULER } from "./scheduler.ts";
import { SECRET_MANAGER } from "./secretManager.ts";
import { SERVICE_USAGE, SERVICE_USAGE_QUOTAS } from "./serviceUsage.ts";
import { STORAGE } from "./storage/index.ts";

/** Every product that the local cloud plays. */
export const PRODUCTS: readonly Product[] = [
  ARTIFACT_REGISTRY,
  CLOUD_BUILD,
  CLOUD_BUILD_V2,
  STORAGE,
  IAM,
  IAM_CREDENTIALS,
  RESOURCE_MANAGER,
  SERVICE_USAGE,
  SERVICE_USAGE_QUOTAS,
  SECRET_MANAGER,
  PUBSUB,
  LOGGING,
  DASHBOARD_PRODUCT,
  ALERT_PRODUCT,
  SCHEDULER,
  COMPUTE,
];

/** Begins what goes on by itself: builds that were not over go on, published messages reach the triggers. */
export function resumeProducts(cloud: Cloud): void {
  cloud.liveOperations.push((name) => findBuildOperation(cloud, name));
  cloud.events.on("message", (message: PublishedMessage) => {
    for (const { trigger, reason } of messagePublished(cloud, message)) {
      if (reason) writeLog(cloud, message.topic.split("/")[1] ?? "", triggerFailed(message, trigger, reason));
    }
  });
  queueOf(cloud).resume();
}

/** Nobody waits for the answer of a trigger that a message sets off: that it started no build stands in the log. */
function triggerFailed({ topic, messageId }: PublishedMessage, trigger: string, reason: string): Message {
  return {
    logName: `projects/${topic.split("/")[1]}/logs/cloudbuild`,
    resource: { type: "build", labels: { build_id: "", build_trigger_id: trigger } },
    severity: "ERROR",
    timestamp: new Date().toISOString(),
    textPayload: `Trigger ${trigger} started no build for message ${messageId} of ${topic}: ${reason}`,
  };
}
