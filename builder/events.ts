import type { BuildState } from "../cloud/buildService.ts";

/** What happens to one target on its way to a published image. Every listener hears the same events in this order. */
export type BuildEvent = { readonly target: string } & (
  | { readonly kind: "PLANNED"; readonly key: string; readonly minutes: number; readonly dollars: number }
  /** The key is published already. */
  | { readonly kind: "FOUND"; readonly digest: string }
  /** Somebody else's build of the same key runs; it is followed like one's own. */
  | { readonly kind: "ATTACHED"; readonly build: string; readonly logUrl?: string }
  /** Its build is submitted and waits for a machine. Waiting is not billed. */
  | { readonly kind: "QUEUED"; readonly build: string; readonly logUrl?: string }
  | {
      readonly kind: "BUILDING";
      readonly build: string;
      /** Seconds since the build's machine started. */
      readonly seconds: number;
      /** What the build last said of itself. */
      readonly progress?: Progress;
      /** The last lines of its log. */
      readonly log: readonly string[];
    }
  /** The image's own checks have passed. */
  | { readonly kind: "VERIFIED"; readonly build: string }
  | {
      readonly kind: "PUBLISHED";
      readonly build: string;
      readonly digest: string;
      readonly seconds: number;
      readonly dollars: number;
    }
  /** It was not built because a parent was not. */
  | { readonly kind: "SKIPPED"; readonly because: string }
  | { readonly kind: "FAILED"; readonly error: Error; readonly build?: string; readonly state?: BuildState }
);

/** Hears what happens; a command line, a Pulumi resource and a trigger's log are three of them. */
export type BuildListener = (event: BuildEvent) => void;

/** One progress marker. */
export interface Progress {
  /** 0 to 100. */
  readonly percent: number;
  /** What was just finished. */
  readonly what: string;
  /** The marker's own name, where it has one. */
  readonly gem?: string;
}
