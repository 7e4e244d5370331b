import { GoogleError, invalid, notFound, unimplemented } from "../http/errors.ts";
import type { Message } from "../schema/messages.ts";
import { longRunning, operationMethods } from "./operations.ts";
import { type Behaviours, type Call, type Product, targetOf } from "./product.ts";
import { findProject, type Project } from "./projects.ts";
import { BUILD_QUOTAS, quotaLimit } from "./quotas.ts";

/** The most services that one call enables. */
const BATCH = 20;

function projectOf(call: Call, resource = targetOf(call)): Project {
  const project = findProject(call.cloud.documents, resource.split("/")[1] ?? "");
  if (!project) throw new GoogleError("PERMISSION_DENIED", `Project '${resource}' not found or permission denied.`);
  return project;
}

function change(call: Call, edit: (services: ReadonlySet<string>) => Iterable<string>): void {
  const project = projectOf(call);
  const services = [...edit(new Set(project.services))].sort();
  call.cloud.documents.put("projects", project.projectId, { ...project, services });
}

function shownService(project: Project, service: string): Message {
  return {
    name: `projects/${project.projectNumber}/services/${service}`,
    parent: `projects/${project.projectNumber}`,
    config: { name: service },
    state: project.services.includes(service) ? "ENABLED" : "DISABLED",
  };
}

function checkService(service: string): string {
  if (!/^[a-z0-9-]+\.googleapis\.com$/.test(service)) throw notFound(`services/${service}`);
  return service;
}

const SERVICES: Behaviours = {
  "serviceusage.services.list": {
    permission: "serviceusage.services.list",
    query: ["filter", "pageSize", "pageToken"],
    run: (call) => {
      const filter = call.query.filter;
      if (filter !== undefined && filter !== "state:ENABLED")
        throw unimplemented(`The filter ${filter} is not applied`);
      const project = projectOf(call);
      const size = Number(call.query.pageSize ?? 50) || 50;
      const start = Number(call.query.pageToken ?? 0);
      const services = project.services.slice(start, start + size).map((service) => shownService(project, service));
      const more = start + size < project.services.length;
      return { services, ...(more && { nextPageToken: String(start + size) }) };
    },
  },
  "serviceusage.services.get": {
    permission: "serviceusage.services.get",
    run: (call) => shownService(projectOf(call), checkService(targetOf(call).split("/").at(-1) ?? "")),
  },
  "serviceusage.services.enable": {
    permission: "serviceusage.services.enable",
    run: (call) => {
      const service = targetOf(call).split("/").at(-1) ?? "";
      return enable(call, [service], (project) =>
        typedResponse("EnableServiceResponse", { service: shownService(project, service) }),
      );
    },
  },
  "serviceusage.services.batchEnable": {
    permission: "serviceusage.services.enable",
    run: (call) => {
      const services = (call.body.serviceIds as string[] | undefined) ?? [];
      return enable(call, services, (project) =>
        typedResponse("BatchEnableServicesResponse", {
          services: services.map((service) => shownService(project, service)),
        }),
      );
    },
  },
  "serviceusage.services.disable": {
    permission: "serviceusage.services.disable",
    run: (call) => {
      const service = checkService(targetOf(call).split("/").at(-1) ?? "");
      return longRunning(call, "", () => {
        change(call, (services) => [...services].filter((name) => name !== service));
        return typedResponse("DisableServiceResponse", { service: shownService(projectOf(call), service) });
      });
    },
  },
};

function enable(call: Call, ids: readonly string[], answer: (project: Project) => Message): Message {
  if (ids.length === 0 || ids.length > BATCH) throw invalid(`Between 1 and ${BATCH} services are enabled in one call`);
  const services = ids.map(checkService);
  return longRunning(call, "", () => {
    change(call, (enabled) => [...enabled, ...services.filter((service) => !enabled.has(service))]);
    return answer(projectOf(call));
  });
}

function typedResponse(schema: string, message: Message): Message {
  return { "@type": `type.googleapis.com/google.api.serviceusage.v1.${schema}`, ...message };
}

/** Service Usage: which services a project has enabled. */
export const SERVICE_USAGE: Product = {
  prefix: "serviceusage",
  definitions: "serviceusage.v1",
  service: "serviceusage.googleapis.com",
  methods: { ...SERVICES, ...operationMethods("serviceusage.operations.get") },
};

function quotaMetric(call: Call): Message {
  const name = targetOf(call);
  const metric = (name.split("/").at(-1) ?? "").replaceAll("%2F", "/");
  const quota = BUILD_QUOTAS.find((candidate) => candidate.metric === metric);
  if (!quota) throw notFound(name);
  const limit = String(quotaLimit(call.cloud.documents, quota.metric));
  const parent = `projects/${projectOf(call).projectNumber}/services/cloudbuild.googleapis.com`;
  const metricName = `${parent}/consumerQuotaMetrics/${encodeURIComponent(metric)}`;
  const bucket = { effectiveLimit: limit, defaultLimit: limit, dimensions: {} };
  return {
    name: metricName,
    metric,
    displayName: quota.displayName,
    unit: "1",
    consumerQuotaLimits: [
      {
        name: `${metricName}/limits/${encodeURIComponent("/project/region/build_origin")}`,
        metric,
        unit: "1/{project}/{region}/{build_origin}",
        isPrecise: true,
        quotaBuckets: [bucket, { ...bucket, dimensions: { build_origin: "default" } }],
      },
    ],
  };
}

/** The older version of Service Usage, which alone tells quotas. */
export const SERVICE_USAGE_QUOTAS: Product = {
  prefix: "serviceusage",
  definitions: "serviceusage.v1beta1",
  service: "serviceusage.googleapis.com",
  methods: {
    "serviceusage.services.consumerQuotaMetrics.get": {
      permission: "serviceusage.quotas.get",
      query: ["view"],
      run: quotaMetric,
    },
  },
};
