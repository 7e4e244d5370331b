import { operationMethods } from "../operations.ts";
import type { Product } from "../product.ts";
import { BUILD_METHODS } from "./builds.ts";
import { POOL_METHODS } from "./pools.ts";
import { TRIGGER_METHODS } from "./triggers.ts";

/** Cloud Build: builds, triggers, private worker pools. */
export const CLOUD_BUILD: Product = {
  prefix: "cloudbuild",
  definitions: "cloudbuild.v1",
  service: "cloudbuild.googleapis.com",
  protoPackage: "google.devtools.cloudbuild.v1",
  methods: {
    ...BUILD_METHODS,
    ...TRIGGER_METHODS,
    ...POOL_METHODS,
    ...operationMethods("cloudbuild.operations.get", "cloudbuild.projects.locations.operations.get"),
  },
};
