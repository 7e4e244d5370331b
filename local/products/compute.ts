import { notFound } from "../http/errors.ts";
import { type Product, targetOf } from "./product.ts";
import { findProject } from "./projects.ts";

/** Compute Engine, of which the Pulumi provider asks one thing: a project's number, for a bucket without a project. */
export const COMPUTE: Product = {
  prefix: "compute",
  definitions: "compute.v1",
  base: "v1",
  service: "compute.googleapis.com",
  methods: {
    "compute.projects.get": {
      permission: "compute.projects.get",
      on: (call) => `projects/${call.path.project}`,
      run: (call) => {
        const project = findProject(call.cloud.documents, targetOf(call));
        if (!project) throw notFound(targetOf(call));
        return { kind: "compute#project", id: project.projectNumber, name: project.projectId };
      },
    },
  },
};
