import { randomUUID } from "node:crypto";
import { GoogleError, invalid } from "../http/errors.ts";
import type { Message } from "../schema/messages.ts";
import { type Product, targetOf } from "./product.ts";
import { findProject } from "./projects.ts";
import { fetch, type ResourceKind, resourceMethods, store, timestamp } from "./resources.ts";

const DASHBOARDS: ResourceKind = {
  collection: "monitoring.dashboards",
  methods: "monitoring.projects.dashboards",
  schema: "Dashboard",
  plural: "dashboards",
  permissions: "monitoring.dashboards",
  onCreate: (_call, name, body) => {
    if (!body.displayName) throw invalid("displayName is required");
    return { ...body, name, etag: randomUUID().replaceAll("-", "") };
  },
  shown: (call, dashboard) => {
    const [, project = ""] = String(dashboard.name).split("/");
    const number = findProject(call.cloud.documents, project)?.projectNumber ?? project;
    return { ...dashboard, name: String(dashboard.name).replace(project, number) };
  },
};

const ALERTS: ResourceKind = {
  collection: "monitoring.alertPolicies",
  methods: "monitoring.projects.alertPolicies",
  schema: "AlertPolicy",
  plural: "alertPolicies",
  permissions: "monitoring.alertPolicies",
  unmaskedPatch: true,
  onCreate: (_call, name, body) => named(name, { enabled: true, ...body }),
  onPatch: (_call, before, after) => named(String(before.name), after),
};

const CHANNELS: ResourceKind = {
  collection: "monitoring.notificationChannels",
  methods: "monitoring.projects.notificationChannels",
  schema: "NotificationChannel",
  plural: "notificationChannels",
  permissions: "monitoring.notificationChannels",
  unmaskedPatch: true,
  onCreate: (_call, name, body) => {
    if (!body.type) throw invalid("type is required");
    return { enabled: true, ...body, name, creationRecord: { mutateTime: timestamp() } };
  },
  onPatch: (_call, before, after) => ({ ...after, name: before.name }),
};

/** A policy whose conditions all have names. */
function named(name: string, policy: Message): Message {
  const conditions = (policy.conditions as Message[] | undefined) ?? [];
  if (conditions.length === 0) throw invalid("An alert policy has at least one condition");
  if (!policy.combiner) throw invalid("combiner is required");
  const withNames = conditions.map((condition) => ({ name: `${name}/conditions/${randomUUID()}`, ...condition }));
  return { ...policy, name, conditions: withNames };
}

/** Cloud Monitoring's dashboards. */
export const DASHBOARD_PRODUCT: Product = {
  prefix: "monitoring",
  definitions: "monitoring.v1",
  service: "monitoring.googleapis.com",
  methods: {
    ...resourceMethods(DASHBOARDS),
    "monitoring.projects.dashboards.patch": {
      permission: "monitoring.dashboards.update",
      run: (call) => {
        const stored = fetch(DASHBOARDS, call);
        if (call.body.etag !== undefined && call.body.etag !== stored.etag) {
          throw new GoogleError(
            "ABORTED",
            "The dashboard has been changed since it was read: too many concurrent edits",
          );
        }
        const next = { ...call.body, name: stored.name, etag: randomUUID().replaceAll("-", "") };
        return store(DASHBOARDS, call, targetOf(call), stored, next);
      },
    },
  },
};

/** Cloud Monitoring's alerts and whom they reach. */
export const ALERT_PRODUCT: Product = {
  prefix: "monitoring",
  definitions: "monitoring.v3",
  service: "monitoring.googleapis.com",
  methods: { ...resourceMethods(ALERTS), ...resourceMethods(CHANNELS) },
};
