import { copies } from "./copies.ts";
import { corners } from "./corners.ts";
import { expansions } from "./expansions.ts";
import type { Feature } from "./feature.ts";
import { ignoring } from "./ignoring.ts";
import { metadata } from "./metadata.ts";
import { runs } from "./runs.ts";
import { sources } from "./sources.ts";
import { variables } from "./variables.ts";

/** Every construct that the generator knows. Ignore files are several kinds in one, so they come up more often. */
export const features: readonly Feature[] = [
  ...variables,
  ...copies,
  ...ignoring,
  ...runs,
  ...ignoring,
  ...sources,
  ...ignoring,
  ...metadata,
  ...corners,
  ...expansions,
];
