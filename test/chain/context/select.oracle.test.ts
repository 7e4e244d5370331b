import fc from "fast-check";
import { parseIgnoreFile, withoutIgnored } from "../../../chain/context/ignore.ts";
import { type Selection, selectForCopy, selectForMounts } from "../../../chain/context/select.ts";
import type { FileTree } from "../../../chain/context/tree.ts";
import { UserError } from "../../../chain/errors.ts";
import { changed, someNodes, somePath, somePattern } from "./arbitraries.ts";
import { type MemoryNode, memoryTree } from "./memoryTree.ts";
import { type Answer, findOracle, inOracleWords, type Question } from "./oracle.ts";

const { ask, reason } = findOracle();
const seed = 21;
const compared = ask ? test : (name: string, _: () => void) => test.skip(`${name} (${reason})`, () => {});

interface Instruction {
  readonly text: string;
  readonly select: (tree: FileTree) => Selection;
}

const plainPattern = somePattern.filter((pattern) => !pattern.startsWith("!"));
const source = fc.oneof(
  fc.constant("."),
  fc.tuple(fc.constantFrom("", "", "/", "./", "../"), fc.oneof(somePath, plainPattern)).map((parts) => parts.join("")),
);
const parentsSource = fc.oneof(
  source,
  fc.tuple(somePath, plainPattern).map(([base, rest]) => `${base}/./${rest}`),
);
const sources = (one: fc.Arbitrary<string>) => fc.array(one, { minLength: 1, maxLength: 2 });
const exclude = fc.oneof(fc.constant<string[]>([]), fc.array(somePattern, { maxLength: 2 }));

const copy: fc.Arbitrary<Instruction> = fc
  .oneof(
    fc.record({ sources: sources(source), exclude, parents: fc.constant(false) }),
    fc.record({ sources: sources(parentsSource), exclude, parents: fc.constant(true) }),
  )
  .map((one) => {
    const flags = [...(one.parents ? ["--parents"] : []), ...one.exclude.map((pattern) => `--exclude=${pattern}`)];
    const text = ["COPY", ...flags, JSON.stringify([...one.sources, "/target/"])].join(" ");
    return { text, select: (tree) => selectForCopy(tree, one) };
  });
const mounts: fc.Arbitrary<Instruction> = sources(fc.oneof(somePath, fc.constantFrom("", "."))).map((paths) => {
  const flags = paths.map((path, i) => `--mount=type=bind,target=/m${i}${path && `,source=${path}`}`);
  return { text: `RUN ${flags.join(" ")} true`, select: (tree) => selectForMounts(tree, paths) };
});
const scenario = fc
  .record({
    nodes: someNodes,
    instruction: fc.oneof({ arbitrary: copy, weight: 4 }, { arbitrary: mounts, weight: 1 }),
    ignore: fc.oneof(fc.constant([]), fc.array(somePattern, { maxLength: 2 })),
  })
  .chain(({ nodes, ...rest }) => changed(nodes).map((after) => ({ before: nodes, after, ...rest })));

compared(
  "two states of a tree have the same selection if and only if BuildKit has the same content digests for them",
  () => {
    const scenarios = fc.sample(scenario, { numRuns: 3000, seed });
    const states = scenarios.flatMap(({ before, after, instruction, ignore }) =>
      [before, after].map((nodes) => ({ nodes, instruction, ignore: ignore.join("\n") })),
    );
    const answers: readonly Answer[] =
      ask?.(
        states.map(
          ({ nodes, instruction, ignore }): Question => ({
            ask: "select",
            dockerfile: `FROM scratch\n${instruction.text}\n`,
            ignore,
            tree: inOracleWords(memoryTree(nodes)),
          }),
        ),
      ) ?? [];
    const ours = states.map(({ nodes, instruction, ignore }) => counted(nodes, ignore, instruction));
    const seen = { same: 0, different: 0 };
    for (let i = 0; i < states.length; i += 2) {
      const [theirs, theirsAfter] = [answers[i]?.digests, answers[i + 1]?.digests];
      if (!theirs || !theirsAfter || !ours[i] || !ours[i + 1]) continue;
      const same = JSON.stringify(theirs) === JSON.stringify(theirsAfter);
      seen[same ? "same" : "different"]++;
      const { nodes: before, instruction, ignore } = states[i] ?? { nodes: {}, instruction: undefined, ignore: "" };
      const story = { before, after: states[i + 1]?.nodes, ignore, instruction: instruction?.text };
      expect({ ...story, same: ours[i] === ours[i + 1] }).toEqual({ ...story, same });
    }
    expect(seen.same).toBeGreaterThan(250);
    expect(seen.different).toBeGreaterThan(250);
  },
);

/** All that counts of a selection, as text; undefined where the state is refused. */
function counted(nodes: Record<string, MemoryNode>, ignore: string, instruction: Instruction): string | undefined {
  try {
    const tree = withoutIgnored(memoryTree(nodes), parseIgnoreFile(ignore, "ignore"));
    const readings = instruction
      .select(tree)
      .readings.map(({ source: name, entries }) => [
        name,
        entries.map((one) => [one.name, one.entry, one.entry.kind === "file" && tree.read(one.path).toString()]),
      ]);
    return JSON.stringify(readings);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
