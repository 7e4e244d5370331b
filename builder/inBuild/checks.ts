import type { ImageCheck } from "../../chain/imageSettings.ts";
import type { BuildRecord } from "../record.ts";

/** The outcome of one check, as its record keeps it. */
export type CheckOutcome = BuildRecord["checks"][number];

/** What a check exits with where this machine cannot answer it. */
const CANNOT_ANSWER = 77;

/** The line in which the log says how a check ended. */
const ended = /STRATA-CHECK (\d+) exit=(\d+)/;

/**
 * A Dockerfile whose steps are the checks, run in the image that was built, with its own user and environment and
 * without a network. Exit code 77 means that this machine cannot answer, and passes.
 */
export function checksDockerfile(checks: readonly ImageCheck[]): string {
  const steps = checks.map(({ run }, index) => {
    const told = `"$@"; code=$?; echo "STRATA-CHECK ${index} exit=$code"; [ $code -eq 0 ] || [ $code -eq ${CANNOT_ANSWER} ]`;
    return `RUN --network=none ${JSON.stringify(["/bin/sh", "-c", told, "check", ...run])}`;
  });
  return ["FROM checked", ...steps, ""].join("\n");
}

/** Hears the lines of a log and learns from them how each check ended. */
export class CheckListener {
  private readonly checks: readonly ImageCheck[];
  private readonly codes = new Map<number, number>();

  constructor(checks: readonly ImageCheck[]) {
    this.checks = checks;
  }

  hear(line: string): void {
    const [, index, code] = ended.exec(line) ?? [];
    if (index !== undefined && code !== undefined) this.codes.set(Number(index), Number(code));
  }

  /** The checks that passed or could not answer, in their order; of one that was not heard nothing is said. */
  get outcomes(): readonly CheckOutcome[] {
    return this.checks.flatMap(({ run }, index): CheckOutcome[] => {
      const code = this.codes.get(index);
      if (code === undefined) return [];
      return [{ run: run.join(" "), outcome: code === CANNOT_ANSWER ? "skipped" : "passed" }];
    });
  }
}
