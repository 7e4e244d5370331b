import type { Progress } from "./events.ts";

/** A marker anywhere in a line; its format is defined in dockerfiles/README.md. */
const marker = /STRATA-PROGRESS (100|[1-9]?\d) "([^"]+)"(?: gem="([^"]+)")? elapsed=\d+s/;

/** The line that the verify step prints when every check has passed. */
export const VERIFIED_LINE = "STRATA-VERIFIED";

/** The progress marker in a line of a build's log, if there is one. */
export function progressIn(line: string): Progress | undefined {
  const [, percent, what, gem] = marker.exec(line) ?? [];
  if (percent === undefined || what === undefined) return undefined;
  return { percent: Number(percent), what, ...(gem !== undefined && { gem }) };
}

/** How many lines of a log are shown with a failure. */
const shownLines = 20;

/** What a build's log says, read as it grows. */
export class LogReader {
  /** The marker that was read last. A build's steps report on one scale, so it only grows. */
  progress: Progress | undefined;
  verified = false;
  /** Bytes read so far: where to read on. */
  offset = 0;
  private readonly decoder = new TextDecoder();
  private rest = "";
  private tail: string[] = [];

  /** Takes the next bytes, which may end in the middle of a line or of a character. */
  take(bytes: Uint8Array): void {
    this.offset += bytes.length;
    const lines = (this.rest + this.decoder.decode(bytes, { stream: true })).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      const progress = progressIn(line);
      if (progress !== undefined && progress.percent >= (this.progress?.percent ?? 0)) this.progress = progress;
      if (line.includes(VERIFIED_LINE)) this.verified = true;
    }
    this.tail = [...this.tail, ...lines.filter((line) => line.trim() !== "")].slice(-shownLines);
  }

  /** The last lines, for a person who wants to know why it failed. */
  get lastLines(): readonly string[] {
    return this.rest.trim() === "" ? this.tail : [...this.tail, this.rest].slice(-shownLines);
  }
}
