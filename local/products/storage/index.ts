import type { Product } from "../product.ts";
import { BUCKET_METHODS } from "./buckets.ts";
import { OBJECT_METHODS } from "./objects.ts";

/** Cloud Storage, by its JSON API. */
export const STORAGE: Product = {
  prefix: "storage",
  definitions: "storage.v1",
  base: "v1",
  service: "storage.googleapis.com",
  methods: { ...BUCKET_METHODS, ...OBJECT_METHODS },
};
