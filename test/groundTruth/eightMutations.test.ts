import { compare } from "./compare.ts";
import { keyOf } from "./keyOf.ts";
import { type Entry, file, type State } from "./state.ts";
import { groundTruthTest } from "./withBuildkit.ts";

const executable = (content: string): Entry => file(content, 0o755);
const link = (target: string): Entry => ({ kind: "symlink", target });

/** A build of one copied folder with these files in it. */
function build(files: Readonly<Record<string, Entry>>): State {
  const folder = Object.entries(files).map(([name, entry]): [string, Entry] => [`folder/${name}`, entry]);
  return {
    files: new Map([["Dockerfile", file("FROM scratch\nCOPY folder /folder/\n")], ...folder]),
    dockerfile: "Dockerfile",
    buildArgs: {},
  };
}

/** The mutations by which the ways of other tools to hash a context were told apart. */
const mutations: readonly [name: string, changes: boolean, before: State, after: State][] = [
  ["chmod +x changes the key", true, build({ run: file("run") }), build({ run: executable("run") })],
  ["0644 to 0664 does not change the key", false, build({ f: file("f", 0o644) }), build({ f: file("f", 0o664) })],
  [
    "a rename that keeps the order of the files changes the key",
    true,
    build({ a: file("1"), b: file("2"), c: file("3") }),
    build({ a: file("1"), bb: file("2"), c: file("3") }),
  ],
  [
    "a move to another folder changes the key",
    true,
    build({ "one/f": file("f"), "two/g": file("g") }),
    build({ "one/g": file("g"), "two/f": file("f") }),
  ],
  [
    "a symlink retargeted to the same content changes the key",
    true,
    build({ a: file("same"), b: file("same"), link: link("a") }),
    build({ a: file("same"), b: file("same"), link: link("b") }),
  ],
  ["a dangling symlink retargeted changes the key", true, build({ link: link("gone") }), build({ link: link("lost") })],
  [
    "bytes that move from a name into a content change the key",
    true,
    build({ ab: file("c"), d: file("") }),
    build({ a: file("bc"), d: file("") }),
  ],
  [
    "another time does not change the key",
    false,
    build({ f: { kind: "file", content: "f", modified: 1_000_000_000 } }),
    build({ f: { kind: "file", content: "f", modified: 1_700_000_000 } }),
  ],
];

for (const [name, changes, before, after] of mutations)
  groundTruthTest(name, ({ bases, withOracle }) =>
    withOracle(async (oracle) => {
      const verdict = await compare({ name, before, after }, oracle, bases, keyOf);
      expect(verdict).toEqual({ kind: "agreed", changed: changes });
    }),
  );
