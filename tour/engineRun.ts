import { appendFileSync } from "node:fs";
import type { EngineEvent, Stack, StepEventMetadata } from "@pulumi/pulumi/automation/index.js";
import { CommandError } from "@pulumi/pulumi/automation/index.js";
import { UserError } from "../chain/errors.ts";
import { imageType } from "../provider/imageProvider.ts";

/** One image in the engine's report. */
export interface EngineImage {
  readonly target: string;
  /** What the engine does: `same`, `create`, `update` … */
  readonly op: string;
  /** The properties that differ: `key`, `inputs["file app/train.py"]`. */
  readonly changed: readonly string[];
  /** As the resource ended; empty in a preview. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** What a command of the engine came to, in numbers instead of its pages of output. */
export interface EngineReport {
  /** Resources by what was, or would be, done with them. */
  readonly changes: Readonly<Record<string, number>>;
  readonly images: readonly EngineImage[];
  /** Names of the other resources that something was, or would be, done with. */
  readonly others: readonly string[];
  /** The stack's outputs; empty in a preview. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly seconds: number;
}

/** How a command is run. */
export interface EngineRun {
  /** All that the engine prints is added to this file. */
  readonly log: string;
  readonly signal: AbortSignal;
  /** Hears of each image that is done. */
  readonly published?: (image: EngineImage) => void;
}

/**
 * Runs one command of a stack.
 *
 * @throws UserError with the engine's own errors where it fails.
 */
export async function runEngine(
  stack: Stack,
  command: "up" | "preview",
  { log, signal, published }: EngineRun,
): Promise<EngineReport> {
  // The Automation API hears of what is aborted from now on, not of what was.
  signal.throwIfAborted();
  const images = new Map<string, EngineImage>();
  const others = new Set<string>();
  const errors: string[] = [];
  const changes: Record<string, number> = {};
  const started = Date.now();
  const onEvent = (event: EngineEvent) => {
    Object.assign(changes, event.summaryEvent?.resourceChanges);
    const { severity, message = "" } = event.diagnosticEvent ?? {};
    if (severity === "error") errors.push(plain(message));
    const metadata = event.resourcePreEvent?.metadata ?? event.resOutputsEvent?.metadata;
    if (metadata?.type !== imageType) {
      if (metadata && metadata.op !== "same" && !metadata.type.startsWith("pulumi:")) others.add(nameOf(metadata.urn));
      return;
    }
    const image = imageOf(metadata);
    images.set(image.target, image);
    if (event.resOutputsEvent && command === "up") published?.(image);
  };
  const onOutput = (text: string) => appendFileSync(log, text);
  appendFileSync(log, `\n$ pulumi ${command}\n`);
  try {
    const options = { onEvent, onOutput, signal, color: "never" } as const;
    const outputs = command === "up" ? (await stack.up(options)).outputs : {};
    if (command === "preview") await stack.preview(options);
    const values = Object.entries(outputs).map(([name, { value }]) => [name, value]);
    const seconds = (Date.now() - started) / 1000;
    return { changes, images: [...images.values()], others: [...others], outputs: Object.fromEntries(values), seconds };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // What the program throws is reported twice, once with its stack.
    const found = [...new Set(errors)].filter((text) => !/^(update|preview) failed$|^Unhandled exception/.test(text));
    throw new UserError(
      {
        problem: `Pulumi's ${command} failed`,
        value: found.join("\n") || lastLines(error.message),
        fix: `read what it printed: ${log}`,
      },
      { cause: error },
    );
  }
}

function imageOf({ op, urn, detailedDiff, new: after }: StepEventMetadata): EngineImage {
  return { target: nameOf(urn), op, changed: Object.keys(detailedDiff ?? {}).sort(), outputs: after?.outputs ?? {} };
}

function nameOf(urn: string): string {
  return urn.split("::").at(-1) ?? urn;
}

/** Without the engine's own marks for colours, `<{%reset%}>`. */
function plain(message: string): string {
  return message.replace(/<\{%[^%]*%\}>/g, "").trim();
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-6).join("\n");
}
