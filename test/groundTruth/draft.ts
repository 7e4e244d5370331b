import { type Entry, file, type State } from "./state.ts";

/** One instruction as written, with its continuation lines and heredocs. */
export interface Line {
  readonly id: number;
  text: string;
}

/** One stage of a Dockerfile that is being put together. */
export interface DraftStage {
  readonly id: number;
  /** What stands after FROM, without "AS name". */
  from: string;
  name?: string;
  lines: Line[];
  /** Whether RUN works in it: whether there is a shell. */
  readonly shell: boolean;
}

/** A state that is being put together. It is plain data, so structuredClone copies it. */
export interface Draft {
  /** Lines before the first instruction: parser directives and comments. */
  head: string[];
  /** How its FROM lines are spelled. */
  fromWord: string;
  asWord: string;
  lineEnd: string;
  /** What stands behind the last line. */
  tail: string;
  globals: Line[];
  stages: DraftStage[];
  files: Map<string, Entry>;
  dockerfile: string;
  target?: string;
  buildArgs: Record<string, string>;
  /** The last number that was given to something. */
  last: number;
}

/** One change of a draft; the name says what it changes. */
export interface Mutation {
  readonly name: string;
  apply(draft: Draft): void;
}

export function emptyDraft(): Draft {
  return {
    head: [],
    fromWord: "FROM",
    asWord: "AS",
    lineEnd: "\n",
    tail: "\n",
    globals: [],
    stages: [],
    files: new Map(),
    dockerfile: "Dockerfile",
    buildArgs: {},
    last: 0,
  };
}

/** A number that nothing else in the draft has. */
export function fresh(draft: Draft): number {
  draft.last += 1;
  return draft.last;
}

/** Appends an instruction to a stage, or to the global arguments, and returns its id. */
export function add(draft: Draft, to: DraftStage | "globals", text: string): number {
  const line = { id: fresh(draft), text };
  if (to === "globals") draft.globals.push(line);
  else to.lines.push(line);
  return line.id;
}

/** Every list of lines in the draft. */
function lists(draft: Draft): Line[][] {
  return [draft.globals, ...draft.stages.map(({ lines }) => lines)];
}

/** The list that holds a line, and where in it. */
export function locate(draft: Draft, id: number): { readonly list: Line[]; readonly at: number } {
  for (const list of lists(draft)) {
    const at = list.findIndex((line) => line.id === id);
    if (at >= 0) return { list, at };
  }
  throw new Error(`no line ${id}`);
}

export function lineOf(draft: Draft, id: number): Line {
  const { list, at } = locate(draft, id);
  const line = list[at];
  if (line === undefined) throw new Error(`no line ${id}`);
  return line;
}

/** A mutation that writes a line anew. */
export function rewrite(name: string, id: number, text: string | ((before: string) => string)): Mutation {
  return {
    name,
    apply(draft) {
      const line = lineOf(draft, id);
      line.text = typeof text === "string" ? text : text(line.text);
    },
  };
}

/** A mutation that takes a line away. */
export function removeLine(name: string, id: number): Mutation {
  return {
    name,
    apply(draft) {
      const { list, at } = locate(draft, id);
      list.splice(at, 1);
    },
  };
}

/** A mutation that puts a new line after (or before) another one. */
export function insertLine(name: string, id: number, text: string, where: "before" | "after" = "after"): Mutation {
  return {
    name,
    apply(draft) {
      const { list, at } = locate(draft, id);
      list.splice(where === "after" ? at + 1 : at, 0, { id: fresh(draft), text });
    },
  };
}

/** A mutation of one file; undefined takes it away. */
export function putFile(name: string, path: string, entry: Entry | undefined): Mutation {
  return {
    name,
    apply(draft) {
      if (entry === undefined) draft.files.delete(path);
      else draft.files.set(path, entry);
    },
  };
}

/** A mutation that gives an entry another path, by itself or with everything below it. */
export function moveFile(name: string, from: string, to: string): Mutation {
  return {
    name,
    apply(draft) {
      for (const [path, entry] of [...draft.files]) {
        if (path !== from && !path.startsWith(`${from}/`)) continue;
        draft.files.delete(path);
        draft.files.set(to + path.slice(from.length), entry);
      }
    },
  };
}

export function dockerfileText({ head, globals, stages, fromWord, asWord, lineEnd, tail }: Draft): string {
  const lines = [...head, ...globals.map(({ text }) => text)];
  for (const stage of stages) {
    lines.push(`${fromWord} ${stage.from}${stage.name === undefined ? "" : ` ${asWord} ${stage.name}`}`);
    lines.push(...stage.lines.map(({ text }) => text));
  }
  return (lines.join("\n") + tail).replaceAll("\n", lineEnd);
}

export function stateOf(draft: Draft): State {
  return {
    files: new Map([...draft.files, [draft.dockerfile, file(dockerfileText(draft))]]),
    dockerfile: draft.dockerfile,
    target: draft.target,
    buildArgs: { ...draft.buildArgs },
  };
}
