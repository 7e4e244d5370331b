import { type Style, styleFor } from "../cli/render/style.ts";
import type { Terminal } from "../cli/terminal.ts";

const INDENT = "     ";
/** How often a live line is drawn again, and how often a log hears that something still goes on; milliseconds. */
const REDRAW_MS = 500;
const HEARTBEAT_MS = 30_000;

/** Something that takes a while: on a terminal a line that lives, in a log a line now and then. */
export interface Waiting {
  /** Ends the line and leaves nothing of it on a terminal. */
  done(): void;
}

/** Tells the tour: numbered acts, one line of explanation each, and the command that does the same by hand. */
export class Narrator {
  readonly terminal: Terminal;
  /** The act that is being played; 0 before the first. */
  act = 0;
  private readonly style: Style;
  private readonly acts: number;
  private waiting: Waiting | undefined;

  constructor(terminal: Terminal, acts: number) {
    this.terminal = terminal;
    this.style = styleFor(terminal);
    this.acts = acts;
  }

  get live(): boolean {
    const { stdout, env } = this.terminal;
    return stdout.isTTY === true && env.TERM !== "dumb";
  }

  title(text: string, ...lines: readonly string[]): void {
    this.write(`${this.style("bold", text)}\n${lines.map((line) => `${line}\n`).join("")}`);
  }

  begin(title: string, explanation: string, ...commands: readonly string[]): void {
    this.act += 1;
    this.write(`\n${this.style("bold", `${this.act}/${this.acts}  ${title}`)}\n`);
    this.say(explanation);
    for (const command of commands) this.say(this.style("cyan", `$ ${command}`));
  }

  /** Lines, indented below the act's title. */
  say(text: string): void {
    this.write(`${indented(text)}\n`);
  }

  /** What an act came to. */
  result(text: string): void {
    this.say(this.style("green", text));
  }

  /** What is not as it should be, and does not end the tour. */
  warn(text: string): void {
    this.say(this.style("yellow", text));
  }

  /** @param about how long it usually takes, as a person would say it */
  wait(what: string, about?: string): Waiting {
    this.waiting?.done();
    const started = Date.now();
    const line = () => {
      const seconds = Math.round((Date.now() - started) / 1000);
      return `${what}: ${duration(seconds)}${about === undefined ? "" : ` of about ${about}`}`;
    };
    if (this.live) this.draw(line());
    else this.say(`${what}${about === undefined ? "" : ` (about ${about})`}`);
    const timer = this.live
      ? setInterval(() => this.draw(line()), REDRAW_MS)
      : setInterval(() => this.say(line()), HEARTBEAT_MS);
    const waiting = {
      done: () => {
        clearInterval(timer);
        if (this.waiting !== waiting) return;
        this.waiting = undefined;
        if (this.live) this.terminal.stdout.write("\r\x1b[K");
      },
    };
    this.waiting = waiting;
    return waiting;
  }

  /** Ends whatever is shown live, so that what is written next starts a line of its own. */
  settle(): void {
    this.waiting?.done();
  }

  private draw(line: string): void {
    const width = this.terminal.stdout.columns ?? 80;
    this.terminal.stdout.write(`\r\x1b[K${this.style("dim", `${INDENT}${line}`.slice(0, width - 1))}`);
  }

  private write(text: string): void {
    if (this.live && this.waiting !== undefined) this.terminal.stdout.write("\r\x1b[K");
    this.terminal.stdout.write(text);
  }
}

/** A terminal whose output is indented like the lines of an act. */
export function indentedTerminal(terminal: Terminal): Terminal {
  const { stdout, stderr, env } = terminal;
  const write = (text: string) => stdout.write(`${indented(text.replace(/\n$/, ""))}\n`);
  const columns = (stdout.columns ?? 80) - INDENT.length;
  return { stdout: { write, isTTY: stdout.isTTY === true, columns }, stderr, env };
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? "" : `${INDENT}${line}`))
    .join("\n");
}

/** Seconds as a clock says them. */
export function duration(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
