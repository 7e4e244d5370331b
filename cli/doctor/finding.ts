import type { GoogleApi } from "../../cloud/google/api.ts";
import type { Settings } from "../../settings.ts";

/**
 * How a subject was found: good; wrong, which has to be mended; worth knowing; or not known, because it could not be
 * asked about.
 */
export type State = "good" | "wrong" | "note" | "unknown";

/** What a check found. */
export interface Finding {
  readonly state: State;
  /** In one sentence; of what is wrong also the values. */
  readonly says: string;
  /** The command that mends it, or where a person does. */
  readonly fix?: string;
}

/** What there is to examine: this machine, and one environment of the catalogue. */
export interface Patient {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `Pulumi.ENVIRONMENT.yaml` says. */
  readonly settings: Settings;
  /** Machines that the catalogue names, each once. */
  readonly machines: readonly string[];
  readonly api: GoogleApi;
  /** The clock of this machine, in milliseconds since 1970. */
  readonly now: () => number;
}

/** One subject and how it is looked at. A check only reads, and calls nothing more often than it must. */
export interface Check {
  readonly subject: string;
  /** Whether it asks Google Cloud as this account, which needs credentials that are good. */
  readonly asksGoogle: boolean;
  /** Rejects where it could not be asked; a UserError then says why. */
  readonly run: (patient: Patient) => Promise<Finding>;
}

/** A subject that is as it should be. */
export function good(says: string): Finding {
  return { state: "good", says };
}

/** A subject that has to be mended. */
export function wrong(says: string, fix: string): Finding {
  return { state: "wrong", says, fix };
}

/** The command that makes what an environment lacks. */
export function bringUp({ settings }: Patient): string {
  return `pulumi up --stack ${settings.environment.name}`;
}
