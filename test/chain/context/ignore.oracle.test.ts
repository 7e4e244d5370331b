import fc from "fast-check";
import { Glob } from "../../../chain/context/goPath.ts";
import { type IgnoreRules, parseIgnoreFile, withoutIgnored } from "../../../chain/context/ignore.ts";
import type { FileTree } from "../../../chain/context/tree.ts";
import { UserError } from "../../../chain/errors.ts";
import { oddLine, oddPath, someNodes, somePattern } from "./arbitraries.ts";
import { memoryTree } from "./memoryTree.ts";
import { type Answer, findOracle, inOracleWords, type Question } from "./oracle.ts";

const { ask, reason } = findOracle();
const seed = 20;
const compared = ask ? test : (name: string, _: () => void) => test.skip(`${name} (${reason})`, () => {});
const answersOf = (questions: readonly Question[]): readonly Answer[] => ask?.(questions) ?? [];

/** What ours gives, or the error where it refuses. */
function attempt<T>(work: () => T): T | UserError {
  try {
    return work();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

compared(
  "10,000 random ignore files match random paths as moby's matcher matches them, or are refused where it refuses",
  () => {
    const files = fc.sample(fc.array(fc.oneof(oddLine, somePattern), { minLength: 1, maxLength: 3 }), {
      numRuns: 10_000,
      seed,
    });
    const cases = files.map((lines, i) => ({
      ignore: lines.join(i % 2 ? "\n" : "\r\n"),
      paths: fc.sample(oddPath, { numRuns: 8, seed: i }),
    }));
    const answers = answersOf(cases.map((one): Question => ({ ask: "match", ...one })));
    const earlyRefusals: string[] = [];
    let matched = 0;
    for (const [i, { ignore, paths }] of cases.entries()) {
      const ours = attempt(() => {
        const rules: IgnoreRules = parseIgnoreFile(ignore, "ignore");
        return paths.map((path) => rules.patterns.matchesAlone(path));
      });
      const { error, matched: theirs } = answers[i] ?? {};
      matched += theirs?.filter(Boolean).length ?? 0;
      if (ours instanceof UserError && error === undefined) {
        // A pattern that moby cannot compile is an error there only once a path reaches it; here it is one at once.
        const line = ignore.split(/\r?\n/)[(ours.detail.at?.line ?? 0) - 1] ?? "";
        earlyRefusals.push(line.replace(/^[\s\ufeff]*\/?\s*!?\s*/u, ""));
      } else {
        expect({ ignore, paths, result: ours instanceof UserError ? "refused" : ours }).toEqual({
          ignore,
          paths,
          result: theirs ?? "refused",
        });
      }
    }
    expect(matched).toBeGreaterThan(1000);
    const again = answersOf(earlyRefusals.map((ignore): Question => ({ ask: "match", ignore, paths: ["q"] })));
    const accepted = earlyRefusals.filter((line, i) => again[i]?.error === undefined && !line.startsWith("!"));
    expect(accepted).toEqual([]);
  },
);

compared("10,000 random globs match as Go's path.Match matches them, byte by byte", () => {
  const patterns = fc.sample(oddLine, { numRuns: 10_000, seed });
  const cases = patterns.map((pattern, i) => ({ pattern, paths: fc.sample(oddPath, { numRuns: 8, seed: i }) }));
  const answers = answersOf(cases.map((one): Question => ({ ask: "glob", ...one })));
  for (const [i, { pattern, paths }] of cases.entries()) {
    let ours: readonly boolean[] | undefined;
    try {
      const glob = new Glob(pattern);
      ours = paths.map((path) => glob.matches(path));
    } catch {
      ours = undefined;
    }
    expect({ pattern, paths, ours }).toEqual({ pattern, paths, ours: answers[i]?.matched });
  }
});

compared(
  "4,000 random trees are received as BuildKit's transfer receives them, and what it would empty is refused",
  () => {
    const cases = fc.sample(fc.tuple(someNodes, fc.array(somePattern, { maxLength: 6 })), { numRuns: 4000, seed });
    const questions = cases.map(([nodes, lines]): Question & { ask: "receive" } => ({
      ask: "receive",
      ignore: lines.join("\n"),
      tree: inOracleWords(memoryTree(nodes)),
    }));
    const answers = answersOf(questions);
    for (const [i, [nodes]] of cases.entries()) {
      const ignore = questions[i]?.ignore ?? "";
      const ours = receivedPaths(withoutIgnored(memoryTree(nodes), parseIgnoreFile(ignore, "ignore")));
      const { paths = [], emptied = [] } = answers[i] ?? {};
      expect({ ignore, ...ours }).toEqual({ ignore, paths, emptied });
    }
  },
);

function receivedPaths(tree: FileTree): { paths: string[]; emptied: string[] } {
  const paths: string[] = [];
  const emptied: string[] = [];
  const walk = (path: string): void => {
    for (const name of tree.children(path)) {
      const child = path === "" ? name : `${path}/${name}`;
      paths.push(child);
      const entry = attempt(() => tree.entry(child));
      if (entry instanceof UserError) emptied.push(child);
      else if (entry?.kind === "directory") walk(child);
    }
  };
  walk("");
  return { paths, emptied };
}
