import { operationMethods } from "../operations.ts";
import type { Product } from "../product.ts";
import { DOCKER_IMAGE_METHODS } from "./dockerImages.ts";
import { ROOT } from "./names.ts";
import { PACKAGE_METHODS, VERSION_METHODS } from "./packages.ts";
import { REPOSITORY_METHODS } from "./repositories.ts";
import { TAG_METHODS } from "./tags.ts";

/** Artifact Registry's control plane; `registry/` speaks its distribution protocol. */
export const ARTIFACT_REGISTRY: Product = {
  prefix: "artifactregistry",
  definitions: "artifactregistry.v1",
  service: "artifactregistry.googleapis.com",
  protoPackage: "google.devtools.artifactregistry.v1",
  methods: {
    ...REPOSITORY_METHODS,
    ...PACKAGE_METHODS,
    ...VERSION_METHODS,
    ...TAG_METHODS,
    ...DOCKER_IMAGE_METHODS,
    ...operationMethods(`${ROOT}.operations.get`),
  },
};
