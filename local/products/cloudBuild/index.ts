import { notFound } from "../../http/errors.ts";
import { operationMethods } from "../operations.ts";
import type { Behaviours, Product } from "../product.ts";
import { BUILD_METHODS, findBuildOperation } from "./builds.ts";
import { POOL_METHODS } from "./pools.ts";
import { TRIGGER_METHODS } from "./triggers.ts";

const operations = operationMethods("cloudbuild.operations.get", "cloudbuild.projects.locations.operations.get");

/** The operation of a build is the build seen from another side; every other operation is kept as such. */
const OPERATIONS: Behaviours = Object.fromEntries(
  Object.entries(operations).map(([id, behaviour]) => [
    id,
    {
      ...behaviour,
      run: (call) => {
        const name = call.path.name ?? "";
        if (name === "") throw notFound(name);
        return findBuildOperation(call, name) ?? behaviour.run(call);
      },
    },
  ]),
);

/** Cloud Build: builds, triggers, private worker pools. */
export const CLOUD_BUILD: Product = {
  prefix: "cloudbuild",
  definitions: "cloudbuild.v1",
  service: "cloudbuild.googleapis.com",
  protoPackage: "google.devtools.cloudbuild.v1",
  endpoint: { variable: "GOOGLE_CLOUD_BUILD_CUSTOM_ENDPOINT", ending: "/v1/" },
  methods: { ...BUILD_METHODS, ...TRIGGER_METHODS, ...POOL_METHODS, ...OPERATIONS },
};
