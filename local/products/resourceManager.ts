import { alreadyExists, GoogleError, invalid } from "../http/errors.ts";
import { OPERATOR } from "../identity/tokens.ts";
import type { Message } from "../schema/messages.ts";
import { longRunning } from "./operations.ts";
import { policyMethods } from "./policies.ts";
import { type Call, type Product, targetOf } from "./product.ts";
import { createProject, findProject, type Project } from "./projects.ts";

/** A project as Resource Manager shows it. */
function shown({ projectId, projectNumber, createTime }: Project): Message {
  return { projectId, projectNumber, name: projectId, lifecycleState: "ACTIVE", createTime };
}

function requireProject(call: Call, resource: string): Project {
  const project = findProject(call.cloud.documents, resource.split("/")[1] ?? "");
  if (!project)
    throw new GoogleError("PERMISSION_DENIED", "The caller does not have permission", { reason: "forbidden" });
  return project;
}

function create(call: Call): Message {
  const projectId = String(call.body.projectId ?? "");
  if (call.caller.member !== OPERATOR) throw new GoogleError("PERMISSION_DENIED", "Only the operator creates projects");
  if (!/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/.test(projectId)) throw invalid(`Invalid project id '${projectId}'`);
  if (findProject(call.cloud.documents, projectId)) throw alreadyExists(projectId);
  return longRunning(call, "", () => shown(createProject(call.cloud.documents, projectId)));
}

/** Resource Manager: projects and who may do what in them. */
export const RESOURCE_MANAGER: Product = {
  prefix: "resourcemanager",
  definitions: "cloudresourcemanager.v1",
  service: "cloudresourcemanager.googleapis.com",
  methods: {
    "cloudresourcemanager.projects.create": { permission: null, on: () => "", run: create },
    "cloudresourcemanager.projects.get": {
      permission: "resourcemanager.projects.get",
      run: (call) => shown(requireProject(call, targetOf(call))),
    },
    ...policyMethods(
      "cloudresourcemanager.projects",
      "resourcemanager.projects",
      (call, name) => void requireProject(call, name),
    ),
  },
};
