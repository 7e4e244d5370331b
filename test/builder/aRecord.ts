import { type BuildRecord, recordSchema } from "../../builder/record.ts";

/** A key that is told from others by a number. */
export const keyOf = (n: number): string => n.toString(16).padStart(64, "0");

/** A record of a build that took place, as its schema wants it. */
export function aRecord(more: Partial<BuildRecord>): BuildRecord {
  return recordSchema.parse({
    version: 1,
    target: "base:runtime",
    key: keyOf(1),
    digest: `sha256:${"d".repeat(64)}`,
    build: "build-1",
    strata: "0.1.0",
    algorithm: "strata-key-2",
    machine: "c3-standard-88",
    hints: {},
    startedAt: "2026-11-22T10:00:00.000Z",
    finishedAt: "2026-11-22T10:10:00.000Z",
    minutes: 10,
    dollars: 4,
    steps: [],
    inputs: {
      platform: "linux/amd64",
      epoch: 0,
      instructions: keyOf(2),
      args: keyOf(3),
      files: keyOf(4),
      parents: {},
      bases: {},
    },
    images: {},
    context: keyOf(5),
    checks: [],
    ...more,
  });
}
