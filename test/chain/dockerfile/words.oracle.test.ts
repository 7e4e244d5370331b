import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expandWord, splitWords, type Variables, type WordOptions } from "../../../chain/dockerfile/words.ts";
import { type Answer, findOracle, type Question } from "./oracle.ts";

const { ask, reason } = findOracle();
const compared = ask ? test : (name: string, _: () => void) => test.skip(`${name} (${reason})`, () => {});
const answersOf = (questions: readonly Question[]): readonly Answer[] => ask?.(questions) ?? [];

const pieces: unknown = JSON.parse(readFileSync(join(__dirname, "fixtures", "wordPieces.json"), "utf8"));

/** Pieces that mean something to a reader of words, each alone and in the company that makes it tricky. */
const piece = fc.constantFrom(...(pieces as readonly string[]));

const environment = fc.record(
  {
    A: fc.constantFrom("a", "a.b.c", "a/b/a", "aaa", "*", "x y", "é日a", "\\", "}", "1.2.3", "a\nb", "$B", "'q'"),
    B: fc.constantFrom("b", "bb", "a", "*", "?", "/", ".", "\\*", ""),
    EMPTY: fc.constant(""),
    1: fc.constant("one"),
    é: fc.constant("acute"),
    "*": fc.constant("star"),
  },
  { requiredKeys: ["EMPTY"] },
);

const someWord = fc.array(piece, { maxLength: 7 }).map((parts) => parts.join(""));

const options: fc.Arbitrary<WordOptions> = fc.record({
  escape: fc.constantFrom("\\", "\\", "`"),
  keepQuotes: fc.boolean(),
  keepEscapes: fc.boolean(),
  plainQuotes: fc.boolean(),
  keepUnset: fc.boolean(),
});

const plain = fc.constantFrom("\\", "`").map((escape): WordOptions => ({ escape }));

compared(
  "15,000 random words in random environments are expanded and split as BuildKit expands and splits them",
  () => {
    const cases = fc.sample(fc.tuple(someWord, environment, fc.oneof(plain, options)), { numRuns: 15_000, seed: 7 });
    const answers = answersOf(
      cases.map(([text, env, how]): Question => {
        const list = Object.entries(env).map(([name, value]) => `${name}=${value}`);
        return { ask: "words", text, env: list, ...how };
      }),
    );
    const tally = { refused: 0, changed: 0 };
    for (const [i, [text, env, how]] of cases.entries()) {
      const { error, word, words } = answers[i] ?? {};
      const values = new Map(Object.entries(env));
      const variables: Variables = { get: (name) => values.get(name), open: false };
      let ours: object;
      try {
        ours = { word: expandWord(text, variables, how), words: splitWords(text, variables, how) };
      } catch {
        ours = { refused: true };
      }
      if (error !== undefined) tally.refused++;
      else if (word !== text) tally.changed++;
      const theirs = error === undefined ? { word, words: words ?? [] } : { refused: true };
      if (!isDeepStrictEqual(ours, theirs)) expect({ text, env, how, ...ours }).toEqual({ text, env, how, ...theirs });
    }
    // The comparison means something only where the words were worth reading.
    expect(tally.changed).toBeGreaterThan(5000);
    expect(tally.refused).toBeGreaterThan(1000);
  },
);
