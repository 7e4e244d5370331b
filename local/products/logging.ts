import type { Cloud } from "../cloud.ts";
import { invalid, unimplemented } from "../http/errors.ts";
import type { Message } from "../schema/messages.ts";
import { type Call, type Product, targetOf } from "./product.ts";
import { createNamed, type ResourceKind, resourceMethods, timestamp } from "./resources.ts";

const METRICS: ResourceKind = {
  collection: "logging.metrics",
  methods: "logging.projects.metrics",
  schema: "LogMetric",
  plural: "metrics",
  permissions: "logging.logMetrics",
};

function checked(body: Message): Message {
  if (!body.filter) throw invalid("filter is required");
  const now = timestamp();
  return { ...body, createTime: now, updateTime: now };
}

/** Keeps a metric under its path; the resource itself carries the short name, whose slashes are encoded in the path. */
function put(call: Call): Message {
  const name = targetOf(call);
  const metric = { ...checked(call.body), name: name.split("/").at(-1)?.replaceAll("%2F", "/") };
  call.cloud.documents.put(METRICS.collection, name, metric);
  return metric;
}

/** Adds a line to a log of a project. */
export function writeLog(cloud: Cloud, project: string, entry: Message): void {
  const number = String(cloud.documents.list("logging.entries", { prefix: `${project}/` }).length).padStart(9, "0");
  cloud.documents.put("logging.entries", `${project}/${number}`, entry);
}

const { [`${METRICS.methods}.patch`]: _none, ...metricMethods } = resourceMethods(METRICS);

/** Cloud Logging: metrics of logs; entries are written, and listed whole. */
export const LOGGING: Product = {
  prefix: "logging",
  definitions: "logging.v2",
  service: "logging.googleapis.com",
  methods: {
    ...metricMethods,
    "logging.projects.metrics.create": {
      permission: "logging.logMetrics.create",
      run: (call) => {
        const name = String(call.body.name ?? "");
        if (name === "") throw invalid("name is required");
        const full = `${targetOf(call)}/metrics/${name.replaceAll("/", "%2F")}`;
        return createNamed(
          { ...METRICS, onCreate: () => ({ ...checked(call.body), name }) },
          call,
          full,
          targetOf(call),
        );
      },
    },
    "logging.projects.metrics.update": { permission: "logging.logMetrics.update", run: put },
    "logging.entries.write": {
      permission: "logging.logEntries.create",
      on: (call) => `projects/${logProject(call)}`,
      run: (call) => {
        const { entries = [], logName, resource, labels } = call.body as { entries?: Message[] } & Message;
        for (const entry of entries) {
          writeLog(call.cloud, logProject(call), {
            ...(logName ? { logName } : {}),
            ...(resource ? { resource } : {}),
            ...(labels ? { labels } : {}),
            timestamp: timestamp(),
            ...entry,
          });
        }
        return {};
      },
    },
    "logging.entries.list": {
      permission: "logging.logEntries.list",
      on: (call) => String((call.body.resourceNames as string[] | undefined)?.[0] ?? ""),
      write: false,
      run: (call) => {
        const { filter, resourceNames = [] } = call.body as { filter?: string; resourceNames?: string[] };
        if (filter) throw unimplemented("Log entries are not filtered");
        const project = String(resourceNames[0]).split("/")[1];
        return {
          entries: call.cloud.documents
            .list<Message>("logging.entries", { prefix: `${project}/` })
            .map((row) => row.body),
        };
      },
    },
  },
};

function logProject(call: Call): string {
  const { logName, entries = [] } = call.body as { logName?: string; entries?: { logName?: string }[] };
  return String(logName ?? entries[0]?.logName ?? "").split("/")[1] ?? "";
}
