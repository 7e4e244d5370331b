import { z } from "zod";

const text = z.string().min(1);

/** Where an environment builds and publishes, in plain values: what the stack made, as its outputs say it. */
export const buildSettings = z.strictObject({
  /** The Google Cloud project that builds. */
  project: text,
  /** The region of its builds and pools. */
  region: text,
  /** Address of the images' repository, as `us-east4-docker.pkg.dev/project/images`. */
  images: text,
  /** Address of the repository that keeps BuildKit's layers. */
  layers: text,
  /** The bucket of contexts, locks, logs and records. */
  store: text,
  /** The bucket behind ccache; without it compiles are not cached. */
  compilerCache: text.optional(),
  /** The account that builds run as: `projects/P/serviceAccounts/EMAIL`. */
  serviceAccount: z.string().regex(/^projects\/[^/]+\/serviceAccounts\/[^/]+$/, "projects/P/serviceAccounts/EMAIL"),
  /** A pool's resource name by the machine that the catalogue names. */
  pools: z.record(z.string(), z.string()),
  /** The image that the steps of a build run in. */
  tool: text,
  /** The image that writes down what is in each image, by its digest; without it there is no SBOM. */
  sbomScanner: text.optional(),
  /** The BuildKit that images are built in; without it the one that keys were compared with. */
  buildkit: text.optional(),
  /** Address of the mirror that stands for `docker.io`; without it builds ask Docker Hub itself. */
  dockerHub: text.optional(),
});

/** What {@link buildSettings} accepts. */
export type BuildSettings = Readonly<z.infer<typeof buildSettings>>;
