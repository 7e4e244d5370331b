import { add, type Draft, fresh, type Mutation, putFile } from "../draft.ts";
import type { Random } from "../random.ts";
import { file } from "../state.ts";
import { type Feature, feature } from "./feature.ts";

const folder = "tree";

/** Patterns of every kind over the names of the tree. */
const patterns = [
  "tree/a.log",
  "*.log",
  "**/*.log",
  "tree/*.log",
  "tree/sub",
  "tree/sub/",
  "/tree/sub",
  "./tree/sub",
  "tree/sub/*",
  "tree/sub/**",
  "**/deep",
  "tree/**/deep.txt",
  "tree/?.log",
  "tree/[ab].log",
  "tree/[^b].log",
  "tree\\a.log",
  "tree/\\a.log",
  "tree//a.log",
  "tree/x/../a.log",
  "**",
  "*",
  "tree",
  "nothing",
  "# tree/a.log",
  "  tree/a.log  ",
  "tree/a.lo",
  "tree/s*b",
  "**/tree/**",
  "tree/*/*.txt",
  "TREE/a.log",
];

function rules(random: Random): string[] {
  const lines = Array.from({ length: 1 + random.below(3) }, () => random.pick(patterns));
  if (random.chance(0.5)) lines.push(`!${random.pick(patterns.filter((pattern) => !pattern.startsWith("#")))}`);
  return lines;
}

function setRules(name: string, edit: (lines: string[], draft: Draft) => string[], path = ".dockerignore"): Mutation {
  return {
    name,
    apply(draft) {
      const before = draft.files.get(path);
      const lines = before?.kind === "file" ? before.content.toString().split("\n") : [];
      draft.files.set(path, file(edit(lines, draft).join("\n")));
    },
  };
}

/** Ignore files of every kind. The Dockerfile and the ignore file itself stay out of what is copied. */
export const ignoring: Feature[] = [
  feature("an ignore file", (random, draft, stage) => {
    const names = ["a.log", "b.log", "sub/c.txt", "sub/d.log", "sub/deep/deep.txt", "keep.txt"];
    for (const name of names) draft.files.set(`${folder}/${name}`, file(name));
    const own = random.chance(0.3);
    const path = own ? `${draft.dockerfile}.dockerignore` : ".dockerignore";
    draft.files.set(path, file(`${rules(random).join("\n")}\n`));
    if (own && random.chance(0.5)) draft.files.set(".dockerignore", file("tree/keep.txt\n"));
    add(draft, stage, `COPY ${random.pick([folder, `${folder}/`, `${folder}*`])} /ignoring${fresh(draft)}/`);
    const changed = random.pick(names);
    return [
      putFile("file that may be ignored", `${folder}/${changed}`, file("changed")),
      putFile("deep file that may be ignored", `${folder}/sub/deep/deep.txt`, file("changed")),
      putFile("new file that may be ignored", `${folder}/sub/new.log`, file("new")),
      putFile("new folder that may be ignored", `${folder}/sub/deep/empty`, { kind: "folder" }),
      putFile("ignored file removed", `${folder}/a.log`, undefined),
      setRules("ignore rule added", (lines) => [...lines, random.pick(patterns)], path),
      setRules("negated ignore rule added", (lines) => [...lines, `!${folder}/sub/d.log`], path),
      setRules("ignore rule taken away", (lines) => lines.slice(1), path),
      setRules("ignore rules in another order", (lines) => [...lines].reverse(), path),
      setRules("comment in an ignore file", (lines) => ["# a comment", "", ...lines], path),
      setRules("blanks around an ignore rule", (lines) => lines.map((line) => ` ${line} `), path),
      setRules("line ends of an ignore file", (lines) => lines.map((line) => `${line}\r`), path),
      setRules("mark at the start of an ignore file", (lines) => [`\uFEFF${lines[0] ?? ""}`, ...lines.slice(1)], path),
      setRules("empty ignore file for one Dockerfile", () => [""], `${draft.dockerfile}.dockerignore`),
      setRules("ignore file for one Dockerfile", () => [random.pick(patterns), ""], `${draft.dockerfile}.dockerignore`),
      setRules("other ignore file", () => ["tree/sub", ""]),
      putFile("ignore file removed", path, undefined),
    ];
  }),
];
