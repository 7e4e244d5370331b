import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What stands at one path of a state's context. */
export type Entry =
  | {
      readonly kind: "file";
      readonly content: string | Buffer;
      /** Permission bits; default 0644. */
      readonly mode?: number;
      /** Seconds since 1970; default: when it is written. */
      readonly modified?: number;
    }
  | { readonly kind: "symlink"; readonly target: string }
  | { readonly kind: "folder" };

/** Everything that a build is given: one of the two sides of a case. */
export interface State {
  /** The context, by path. It holds the Dockerfile too. */
  readonly files: ReadonlyMap<string, Entry>;
  /** The Dockerfile's path in the context. */
  readonly dockerfile: string;
  readonly target?: string;
  readonly buildArgs: Readonly<Record<string, string>>;
}

/** Two states that differ by one change, which the name says. */
export interface Case {
  readonly name: string;
  readonly before: State;
  readonly after: State;
}

export function file(content: string | Buffer, mode?: number): Entry {
  return { kind: "file", content, mode };
}

/** Writes a state's context into a folder, as a person's work tree would have it. */
export function writeContext(state: State, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [path, entry] of state.files) {
    const full = join(folder, path);
    mkdirSync(dirname(full), { recursive: true });
    if (entry.kind === "folder") mkdirSync(full, { recursive: true });
    else if (entry.kind === "symlink") symlinkSync(entry.target, full);
    else {
      writeFileSync(full, entry.content);
      chmodSync(full, entry.mode ?? 0o644);
      if (entry.modified !== undefined) utimesSync(full, entry.modified, entry.modified);
    }
  }
}

/** Gives a folder the modes that strata's packed contexts have: 0644, 0755 for folders and for what may be executed. */
export function normaliseModes(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) continue;
    chmodSync(path, stat.isDirectory() || stat.mode & 0o100 ? 0o755 : 0o644);
    if (stat.isDirectory()) normaliseModes(path);
  }
}

/** A state as a person reads it in a failed test's message. */
export function describeState(state: State): string {
  const args = Object.entries(state.buildArgs).map(([name, value]) => ` --build-arg ${name}=${JSON.stringify(value)}`);
  const text = state.files.get(state.dockerfile);
  const dockerfile = text?.kind === "file" ? text.content.toString() : "";
  return [
    `--dockerfile ${state.dockerfile}${state.target === undefined ? "" : ` --target ${state.target}`}${args.join("")}`,
    ...dockerfile.split("\n").map((line) => `  | ${line}`),
    ...[...state.files].sort().map(([path, entry]) => `  ${describeEntry(path, entry)}`),
  ].join("\n");
}

function describeEntry(path: string, entry: Entry): string {
  if (entry.kind === "folder") return `${path}/`;
  if (entry.kind === "symlink") return `${path} -> ${entry.target}`;
  const content = typeof entry.content === "string" ? JSON.stringify(entry.content) : `${entry.content.length} bytes`;
  const shown = content.length > 120 ? `${content.slice(0, 120)}...` : content;
  return `${path} (${(entry.mode ?? 0o644).toString(8)}) ${shown}`;
}
