import { z } from "zod";
import { invalid } from "./errors.ts";

/**
 * Bad weather for some requests:
 * - `status`: answer this HTTP status with Google's error body instead of doing anything;
 * - `drop`: cut the connection before doing anything;
 * - `lose`: do what was asked, then cut the connection instead of answering;
 * - `delay`: wait, then answer as usual;
 * - `operation`: do nothing, and let the long-running operation end in an error.
 */
const FAULT = z.strictObject({
  /** Matches a method id or `VERB path`; `*` stands for any characters. */
  route: z.string().min(1),
  kind: z.enum(["status", "drop", "lose", "delay", "operation"]),
  /** For `status`: the HTTP status. */
  status: z.int().min(400).max(599).optional(),
  /** For `status`: the `Retry-After` header, in seconds. */
  retryAfter: z.int().min(0).optional(),
  /** For `delay`: milliseconds. */
  delayMs: z.int().min(0).max(600_000).optional(),
  /** For `operation` and `status`: what the error says. */
  message: z.string().optional(),
  /** How many matching requests to leave alone first. */
  skip: z.int().min(0).default(0),
  /** How many matching requests it meets; without it every one. */
  count: z.int().min(1).optional(),
});

/** One rule of bad weather, as it is given. */
export type FaultInput = z.input<typeof FAULT>;

/** One rule of bad weather. */
export type Fault = z.output<typeof FAULT>;

interface ActiveFault {
  readonly fault: Fault;
  readonly pattern: RegExp;
  seen: number;
}

/** What a rule's route meets: method ids, and `VERB path`. */
export function patternOf(route: string): RegExp {
  const words = route.split("*").map((word) => word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${words.join(".*")}$`);
}

/** The rules in force. */
export class Faults {
  #active: ActiveFault[] = [];

  /**
   * Adds a rule.
   *
   * @throws GoogleError 400 for a rule that makes no sense.
   */
  add(input: unknown): void {
    const parsed = FAULT.safeParse(input);
    if (!parsed.success) throw invalid(`Not a fault: ${z.prettifyError(parsed.error)}`);
    if (parsed.data.kind === "status" && parsed.data.status === undefined) throw invalid("A status fault needs status");
    if (parsed.data.kind === "delay" && parsed.data.delayMs === undefined) throw invalid("A delay needs delayMs");
    this.#active.push({ fault: parsed.data, pattern: patternOf(parsed.data.route), seen: 0 });
  }

  /** Ends all bad weather. */
  clear(): void {
    this.#active = [];
  }

  /** The rules with the number of requests that each has seen. */
  list(): readonly (Fault & { readonly seen: number })[] {
    return this.#active.map(({ fault, seen }) => ({ ...fault, seen }));
  }

  /** The first rule that meets a request, which counts as one of its requests. */
  take(method: string, verb: string, path: string): Fault | undefined {
    for (const active of this.#active) {
      if (!active.pattern.test(method) && !active.pattern.test(`${verb} ${path}`)) continue;
      active.seen++;
      const { skip, count } = active.fault;
      if (active.seen > skip && (count === undefined || active.seen <= skip + count)) return active.fault;
    }
    return undefined;
  }
}
