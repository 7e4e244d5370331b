import type { ServerResponse } from "node:http";

/** Pause between two looks, in milliseconds: what is shown changes by the second. */
const PAUSE_MS = 500;

/** After so many looks without a change something is sent all the same, so that a connection that is cut is noticed. */
const QUIET_LOOKS = 30;

/**
 * Tells everybody who listens how things stand: the whole at once, then whenever it has become another one
 * (`text/event-stream` of the HTML standard). Looks only while somebody listens.
 */
export class LiveStream {
  private readonly look: () => Promise<string>;
  private readonly listeners = new Set<ServerResponse>();
  private timer: NodeJS.Timeout | undefined;
  private last = "";
  private quiet = 0;

  /** @param look makes the text that is told; where it fails, what was told before stands until the next look. */
  constructor(look: () => Promise<string>) {
    this.look = look;
  }

  /** Answers a request with the stream. */
  async add(response: ServerResponse): Promise<void> {
    const now = await this.look();
    // Who left meanwhile would never be seen to leave.
    if (response.destroyed) return;
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(`retry: 1000\n\n${eventOf(now)}`);
    this.listeners.add(response);
    response.once("close", () => this.listeners.delete(response));
    this.plan();
  }

  close(): void {
    clearTimeout(this.timer);
    for (const listener of this.listeners) listener.end();
    this.listeners.clear();
  }

  private plan(): void {
    if (this.timer !== undefined || this.listeners.size === 0) return;
    this.timer = setTimeout(async () => {
      await this.tell();
      this.timer = undefined;
      this.plan();
    }, PAUSE_MS);
  }

  private async tell(): Promise<void> {
    const now = await this.look().catch(() => this.last);
    this.quiet = now === this.last ? this.quiet + 1 : 0;
    const text =
      now !== this.last ? eventOf(now) : this.quiet % QUIET_LOOKS === QUIET_LOOKS - 1 ? ": still here\n\n" : "";
    this.last = now;
    if (text === "") return;
    for (const listener of this.listeners) {
      // Who does not read fast enough gets the next one: each tells the whole.
      if (listener.writableNeedDrain) this.last = "";
      else listener.write(text);
    }
  }
}

/** An event whose data has no line of its own but JSON's. */
function eventOf(text: string): string {
  return `data: ${JSON.stringify(text)}\n\n`;
}
