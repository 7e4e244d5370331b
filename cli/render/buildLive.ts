import type { BuildEvent } from "../../builder/events.ts";
import { progressOf, withEvent } from "../../builder/runState.ts";
import type { Plan } from "../../chain/plan.ts";
import type { Terminal } from "../terminal.ts";
import { renderBuildDisplay } from "./buildDisplay.ts";
import { linesOf } from "./buildLines.ts";
import { styleFor } from "./style.ts";
import { columnsOf } from "./width.ts";

/** Shows a run while it goes on. */
export interface BuildScreen {
  tell(event: BuildEvent): void;
  /** Says something beside what the events say. */
  say(line: string): void;
  /** Leaves the screen as it is. */
  close(): void;
}

const redrawMs = 250;

/** A live display on a terminal, plain lines everywhere else. */
export function buildScreen(plan: Plan, terminal: Terminal): BuildScreen {
  return terminal.stdout.isTTY === true && terminal.env.TERM !== "dumb"
    ? new LiveScreen(plan, terminal)
    : plainScreen(terminal);
}

function plainScreen({ stdout }: Terminal): BuildScreen {
  const say = (line: string) => void stdout.write(`${line}\n`);
  return { tell: linesOf(say), say, close: () => {} };
}

/** Draws over itself; what is said stays above it. */
class LiveScreen implements BuildScreen {
  private readonly terminal: Terminal;
  private readonly startedAt = Date.now();
  private readonly timer: NodeJS.Timeout;
  private progress: ReturnType<typeof progressOf>;
  private drawn = 0;

  constructor(plan: Plan, terminal: Terminal) {
    this.terminal = terminal;
    this.progress = progressOf(plan);
    this.timer = setInterval(() => this.draw(), redrawMs);
    this.timer.unref();
  }

  tell(event: BuildEvent): void {
    this.progress = withEvent(this.progress, event, Date.now());
    if (event.kind === "FAILED") this.say(`${event.target}: ${event.error.message}`);
    else this.draw();
  }

  say(line: string): void {
    this.terminal.stdout.write(`${this.eraser()}${line}\n`);
    this.drawn = 0;
    this.draw();
  }

  close(): void {
    clearInterval(this.timer);
    this.draw();
  }

  private draw(): void {
    const times = { now: Date.now(), startedAt: this.startedAt, columns: columnsOf(this.terminal) };
    const lines = renderBuildDisplay(this.progress, times, styleFor(this.terminal));
    // One write, so that nobody sees half of it.
    this.terminal.stdout.write(`${this.eraser()}${lines.join("\n")}\n`);
    this.drawn = lines.length;
  }

  /** Back to the first line of what was drawn, and clear from there. */
  private eraser(): string {
    return this.drawn === 0 ? "" : `\x1b[${this.drawn}A\x1b[J`;
  }
}
