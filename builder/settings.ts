/** Where an environment builds and publishes, in plain values: what the stack made, as its outputs say it. */
export interface BuildSettings {
  /** The Google Cloud project that builds. */
  readonly project: string;
  /** The region of its builds and pools. */
  readonly region: string;
  /** Address of the images' repository, as `us-east4-docker.pkg.dev/project/images`. */
  readonly images: string;
  /** Address of the repository that keeps BuildKit's layers. */
  readonly layers: string;
  /** The bucket of contexts, locks, logs and records. */
  readonly store: string;
  /** The bucket behind ccache; without it compiles are not cached. */
  readonly compilerCache?: string;
  /** The account that builds run as: `projects/P/serviceAccounts/EMAIL`. */
  readonly serviceAccount: string;
  /** A pool's resource name by the machine that the catalogue names. */
  readonly pools: Readonly<Record<string, string>>;
  /** The image that the steps of a build run in. */
  readonly tool: string;
}
