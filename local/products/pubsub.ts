import type { Cloud } from "../cloud.ts";
import { invalid } from "../http/errors.ts";
import { applyMask, readMask } from "../schema/masks.ts";
import type { Message } from "../schema/messages.ts";
import { policyMethods } from "./policies.ts";
import { type Behaviours, type Call, type Product, targetOf } from "./product.ts";
import { createNamed, fetch, type ResourceKind, resourceMethods, store } from "./resources.ts";

const TOPICS: ResourceKind = {
  collection: "pubsub.topics",
  methods: "pubsub.projects.topics",
  schema: "Topic",
  plural: "topics",
  permissions: "pubsub.topics",
  onCreate: (_call, name, body) => ({ ...body, name }),
};

const SUBSCRIPTIONS: ResourceKind = {
  collection: "pubsub.subscriptions",
  methods: "pubsub.projects.subscriptions",
  schema: "Subscription",
  plural: "subscriptions",
  permissions: "pubsub.subscriptions",
  onCreate: (call, name, body) => {
    const topic = String(body.topic ?? "");
    fetch(TOPICS, call, topic);
    call.cloud.access.require(call.caller, "pubsub.topics.attachSubscription", topic, call.product.service);
    const defaults = {
      ackDeadlineSeconds: 10,
      messageRetentionDuration: "604800s",
      expirationPolicy: { ttl: "2678400s" },
    };
    return { ...defaults, ...body, name, state: "ACTIVE" };
  },
};

/** A message as it was published. */
export interface PublishedMessage {
  readonly topic: string;
  /** Base64. */
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageId: string;
}

/** Publishes to a topic: whoever listens to the cloud's `message` event hears it. */
export function publish(
  cloud: Cloud,
  topic: string,
  data: string,
  attributes: Readonly<Record<string, string>>,
): string {
  const messageId = String(Date.now() * 1000 + Math.floor(Math.random() * 1000));
  const message: PublishedMessage = { topic, data, attributes, messageId };
  cloud.events.emit("message", message);
  return messageId;
}

/** Pub/Sub creates by PUT, and patches with the resource and the mask both in the body. */
function putMethods(kind: ResourceKind, field: string): Behaviours {
  const project = (call: Call) => targetOf(call).split("/").slice(0, 2).join("/");
  return {
    ...resourceMethods(kind),
    [`${kind.methods}.create`]: {
      permission: `${kind.permissions}.create`,
      on: project,
      run: (call) => createNamed(kind, call, targetOf(call), project(call)),
    },
    [`${kind.methods}.patch`]: {
      permission: `${kind.permissions}.update`,
      run: (call) => {
        const { updateMask, [field]: body = {} } = call.body;
        if (typeof updateMask !== "string") throw invalid("updateMask is required");
        const stored = fetch(kind, call);
        const after = applyMask(stored, body as Message, readMask(call.definitions, kind.schema, updateMask));
        return store(kind, call, targetOf(call), stored, after);
      },
    },
    ...policyMethods(kind.methods, kind.permissions, (call, name) => void fetch(kind, call, name)),
  };
}

/** Pub/Sub: topics, subscriptions, publishing. Messages reach triggers; no subscriber pulls them here. */
export const PUBSUB: Product = {
  prefix: "pubsub",
  definitions: "pubsub.v1",
  service: "pubsub.googleapis.com",
  methods: {
    ...putMethods(TOPICS, "topic"),
    ...putMethods(SUBSCRIPTIONS, "subscription"),
    "pubsub.projects.topics.publish": {
      permission: "pubsub.topics.publish",
      run: (call) => {
        const topic = String(fetch(TOPICS, call).name);
        const messages = (call.body.messages as Message[] | undefined) ?? [];
        if (messages.length === 0) throw invalid("messages is required");
        const messageIds = messages.map(({ data = "", attributes = {} }) =>
          publish(call.cloud, topic, String(data), attributes as Record<string, string>),
        );
        return { messageIds };
      },
    },
  },
};
