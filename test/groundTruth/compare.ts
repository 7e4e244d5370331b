import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BaseImage, type Build, BuildFailed, type Oracle } from "./buildkit.ts";
import { type Case, describeState, normaliseModes, type State, writeContext } from "./state.ts";

/** The key of a state whose context lies in a folder. */
export type KeyOf = (state: State, folder: string, bases: readonly BaseImage[]) => Promise<string>;

/** What one case showed. */
export type Verdict =
  /** BuildKit builds one side or neither: there is nothing to compare. */
  | { readonly kind: "not built"; readonly why: string }
  | { readonly kind: "agreed"; readonly changed: boolean }
  | { readonly kind: "false rebuild" | "missed rebuild" | "refused"; readonly report: string };

/**
 * Builds both sides of a case with an empty cache, one after the other, and compares that with their keys. The folders
 * of a case that shows a mistake stay, to be built by hand.
 */
export async function compare(one: Case, oracle: Oracle, bases: readonly BaseImage[], keyOf: KeyOf): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), "strata-case-"));
  const verdict = await compareIn(folder, one, oracle, bases, keyOf);
  if (!("report" in verdict)) rmSync(folder, { recursive: true, force: true });
  return verdict;
}

async function compareIn(
  folder: string,
  one: Case,
  oracle: Oracle,
  bases: readonly BaseImage[],
  keyOf: KeyOf,
): Promise<Verdict> {
  const sides = { before: join(folder, "before"), after: join(folder, "after") };
  writeContext(one.before, sides.before);
  writeContext(one.after, sides.after);
  const keys = await settle(
    () => keyOf(one.before, sides.before, bases),
    () => keyOf(one.after, sides.after, bases),
  );

  // Strata's packed contexts have normalised modes, and BuildKit is given what strata would pack.
  normaliseModes(sides.before);
  normaliseModes(sides.after);
  await oracle.forget();
  const builds = await buildAll(oracle, [one.before, sides.before], [one.after, sides.after]);
  if (builds instanceof BuildFailed) return { kind: "not built", why: builds.message };
  const [before, after] = builds as [Build, Build];
  const changed = after.ran.length > 0 || before.config !== after.config;
  const report = () =>
    [
      one.name,
      `folders: ${sides.before} ${sides.after}`,
      `before: ${describeState(one.before)}`,
      `after: ${describeState(one.after)}`,
      `BuildKit: ${changed ? "changed" : "the same"}; ran ${JSON.stringify(after.ran)}; config ${before.config === after.config ? "the same" : "changed"}`,
      `keys: ${keys.map((key) => (key instanceof Error ? `refused: ${key.message}` : key)).join(" and ")}`,
    ].join("\n");
  if (keys.some((key) => key instanceof Error)) return { kind: "refused", report: report() };
  if ((keys[0] !== keys[1]) === changed) return { kind: "agreed", changed };
  if (!changed) return { kind: "false rebuild", report: report() };
  // A few states BuildKit never answers from its cache, not even when nothing changed: they say nothing about a change.
  const again = await buildAll(oracle, [one.after, sides.after]);
  if (!(again instanceof BuildFailed) && before.config === after.config && again.some(({ ran }) => ran.length > 0))
    return { kind: "not built", why: "BuildKit runs this state again and again" };
  return { kind: "missed rebuild", report: report() };
}

async function buildAll(oracle: Oracle, ...builds: readonly [State, string][]): Promise<Build[] | BuildFailed> {
  const built: Build[] = [];
  try {
    for (const [state, folder] of builds) built.push(await oracle.build(state, folder));
  } catch (error) {
    if (error instanceof BuildFailed) return error;
    throw error;
  }
  return built;
}

function settle(...tasks: readonly (() => Promise<string>)[]): Promise<(string | Error)[]> {
  return Promise.all(
    tasks.map((task) => task().catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))),
  );
}
