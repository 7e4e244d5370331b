import type { FileRecord, InputInstruction, TargetInputs } from "./inputs.ts";

/** Why a key is another one. */
export interface Reason {
  readonly kind:
    | "first"
    | "instruction"
    | "file"
    | "arg"
    | "parent"
    | "base"
    | "platform"
    | "epoch"
    | "algorithm"
    | "order";
  /** One sentence for a person, as in "ARG TORCH_VERSION 2.6.0 -> 2.6.1". */
  readonly text: string;
}

/**
 * The reasons why two keys of a target differ, the most telling first; none where the keys are equal.
 * @param before the inputs of the key that was, undefined where there is none
 */
export function explain(before: TargetInputs | undefined, after: TargetInputs): readonly Reason[] {
  if (!before) return [{ kind: "first", text: "no earlier build is known" }];
  if (before.key === after.key) return [];
  const reasons: Reason[] = [
    ...changed("algorithm", "the key's algorithm", before.algorithm, after.algorithm),
    ...changed("epoch", "epoch", String(before.epoch), String(after.epoch)),
    ...changed("platform", "platform", before.platform, after.platform),
    ...explainParents(before, after),
    ...explainRecords("base", "base image", before.bases, after.bases, shortDigest),
    ...explainRecords("arg", "ARG", before.args, after.args, (value) => value),
    ...explainInstructions(before.instructions, after.instructions),
    ...explainFiles(before, after),
  ];
  return reasons.length > 0 ? reasons : [{ kind: "order", text: "the same inputs are used in another order or place" }];
}

function changed(kind: Reason["kind"], name: string, before: string, after: string): readonly Reason[] {
  return before === after ? [] : [{ kind, text: `${name} ${before} -> ${after}` }];
}

function explainParents(before: TargetInputs, after: TargetInputs): readonly Reason[] {
  return differences(before.parents, after.parents).map(({ name, was, is }) => {
    if (was === undefined) return { kind: "parent", text: `parent ${name} is new` };
    if (is === undefined) return { kind: "parent", text: `parent ${name} is no longer used` };
    return { kind: "parent", text: `parent ${name} will be rebuilt` };
  });
}

function explainRecords(
  kind: Reason["kind"],
  label: string,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
  show: (value: string) => string,
): readonly Reason[] {
  return differences(before, after).map(({ name, was, is }) => {
    if (was === undefined) return { kind, text: `${label} ${name} is new: ${show(is ?? "")}` };
    if (is === undefined) return { kind, text: `${label} ${name} is gone (was ${show(was)})` };
    return { kind, text: `${label} ${name} ${show(was)} -> ${show(is)}` };
  });
}

function differences(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly { readonly name: string; readonly was: string | undefined; readonly is: string | undefined }[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const of = (record: Readonly<Record<string, string>>, name: string) =>
    Object.hasOwn(record, name) ? record[name] : undefined;
  return names
    .map((name) => ({ name, was: of(before, name), is: of(after, name) }))
    .filter(({ was, is }) => was !== is);
}

function shortDigest(digest: string): string {
  return digest.slice(0, "sha256:".length + 12);
}

/** Instructions that were added, removed or changed; lines that merely moved are not listed. */
function explainInstructions(
  before: readonly InputInstruction[],
  after: readonly InputInstruction[],
): readonly Reason[] {
  const { removed, added } = unmatched(before, after);
  const reasons: Reason[] = [];
  const rest = [...removed];
  for (const one of added) {
    // An instruction of the same kind that went away in the same stage is the one that was edited.
    const edited = rest.findIndex((other) => other.stage === one.stage && keyword(other) === keyword(one));
    const [old] = edited === -1 ? [] : rest.splice(edited, 1);
    const text = old
      ? `line ${one.line} changed: ${brief(old)} -> ${brief(one)}`
      : `line ${one.line} is new: ${brief(one)}`;
    reasons.push({ kind: "instruction", text });
  }
  for (const one of rest) reasons.push({ kind: "instruction", text: `removed: ${brief(one)}` });
  return reasons;
}

/** What is left on either side of a longest common subsequence. */
function unmatched(
  before: readonly InputInstruction[],
  after: readonly InputInstruction[],
): { removed: InputInstruction[]; added: InputInstruction[] } {
  const same = (one: InputInstruction | undefined, other: InputInstruction | undefined) => one?.text === other?.text;
  const lengths = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const row = lengths[i];
      if (row) row[j] = same(before[i], after[j]) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const removed: InputInstruction[] = [];
  const added: InputInstruction[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const old = before[i];
    const one = after[j];
    if (old && one && same(old, one)) {
      i++;
      j++;
    } else if (old && (!one || at(i + 1, j) >= at(i, j + 1))) {
      removed.push(old);
      i++;
    } else if (one) {
      added.push(one);
      j++;
    }
  }
  return { removed, added };
}

function keyword({ text }: InputInstruction): string {
  return (text.split(/\s/, 1)[0] ?? "").toUpperCase();
}

/** An instruction short enough for one line. */
export function brief({ text }: Pick<InputInstruction, "text">, length = 60): string {
  const line = text.replace(/\s+/g, " ");
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}

function explainFiles(before: TargetInputs, after: TargetInputs): readonly Reason[] {
  const was = new Map(before.files.map((file) => [file.path, file]));
  const is = new Map(after.files.map((file) => [file.path, file]));
  const readers = new Map<string, InputInstruction>();
  for (const { instructions } of [before, after]) {
    for (const instruction of instructions) for (const path of instruction.files ?? []) readers.set(path, instruction);
  }
  const reasons: Reason[] = [];
  for (const path of [...new Set([...was.keys(), ...is.keys()])].sort()) {
    const change = fileChange(was.get(path), is.get(path));
    const reader = readers.get(path);
    const by = reader ? `, read by ${brief(reader, 40)}` : "";
    if (change) reasons.push({ kind: "file", text: `${path} ${change}${by}` });
  }
  return reasons;
}

function fileChange(was: FileRecord | undefined, is: FileRecord | undefined): string | undefined {
  if (!was) return "is new";
  if (!is) return "is gone";
  if ("link" in was && "link" in is)
    return was.link === is.link ? undefined : `now links to ${is.link} (was ${was.link})`;
  if ("link" in was) return "is now a file (was a symlink)";
  if ("link" in is) return `is now a symlink to ${is.link} (was a file)`;
  if (was.sha256 !== is.sha256) return "changed";
  if (was.mode !== is.mode) return is.mode === "0755" ? "became executable" : "is no longer executable";
  return undefined;
}
