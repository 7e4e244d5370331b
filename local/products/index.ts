import type { Cloud } from "../cloud.ts";
import { ARTIFACT_REGISTRY } from "./artifactRegistry.ts";
import type { Product } from "./product.ts";
import { STORAGE } from "./storage/index.ts";

/** Every product that the local cloud plays. */
export const PRODUCTS: readonly Product[] = [ARTIFACT_REGISTRY, STORAGE];

/** Takes up what was going on when the local cloud was stopped. */
export function resumeProducts(_cloud: Cloud): void {}
