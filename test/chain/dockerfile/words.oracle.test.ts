import fc from "fast-check";
import { expandWord, splitWords, type Variables, type WordOptions } from "../../../chain/dockerfile/words.ts";
import { type Answer, findOracle, type Question } from "./oracle.ts";

const { ask, reason } = findOracle();
const compared = ask ? test : (name: string, _: () => void) => test.skip(`${name} (${reason})`, () => {});
const answersOf = (questions: readonly Question[]): readonly Answer[] => ask?.(questions) ?? [];

/** Pieces that mean something to a reader of words, each alone and in the company that makes it tricky. */
const piece = fc.constantFrom(
  ...["a", "b1", "_", "é", "日", "🐳", "=", ",", ".", "-", "+", "#", "%", "@", "!", "?", "*", ":", "~", "^", "[", "]"],
  ...[" ", "  ", "\t", "\n", "\r", "\u00a0", "\u0085", "\ufeff", "\u2003"],
  ...["$", "$$", "${", "}", "{", "/", "//", "\\", "\\\\", "`", "``", "'", '"', "''", '""', "\\'", '\\"', "\\$", "\\}"],
  ...["<", "<<", "<<-", "<< ", "<<EOF", "3<<E"],
  ...["$A", "$B", "$EMPTY", "$UNSET", "$1", "$12x", "$é", "$A_", "$*", "$@", "$?", "$-", "$!", "$0"],
  ...["${A}", "${UNSET}", "${1}", "${A", "${}", "${:-x}", "${{", "${A^^}", "${A,,}", "${A@Q}", "${A:1:2}"],
  ...[
    "${A:-x}",
    "${UNSET:-x y}",
    "${EMPTY:-$B}",
    "${EMPTY-x}",
    "${UNSET-${B:+z}}",
    "${UNSET:-'q \"}'}",
    '${UNSET:-"q }"}',
  ],
  ...["${A:+x}", "${A+x}", "${EMPTY:+x}", "${UNSET+x}", "${UNSET:?}", "${UNSET:?why}", "${EMPTY?why}", "${EMPTY:?$A}"],
  ...[
    "${A#*a}",
    "${A##*/}",
    "${A%.*}",
    "${A%%.*}",
    "${A#?}",
    "${A%?}",
    "${A#\\*}",
    "${A%\\}}",
    "${A#$B}",
    "${UNSET#a}",
  ],
  ...["${A/a/b}", "${A//a/b}", "${A/a*/}", "${A//./-}", "${A//\\//_}", "${A/?/$B}", "${A//a/$1}", "${A//a/\\$1}"],
  ...["${A//}", "${A/}", "${A//a}", "${A/\\*/x}", "${A//*/x}", "${A//?/x}", "${A/'a'/b}", '${A/"."/b}', "${B//b/$$}"],
  ...["${A:#x}", "${A:%x}", "${A:/x/y}", "${A:", "${A:-", "${A/", "${A#", "${A}}", "${A:-\\}}", "${A:-{}}"],
);

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

const someWord = fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join(""));

const options: fc.Arbitrary<WordOptions> = fc.record({
  escape: fc.constantFrom("\\", "\\", "`"),
  keepQuotes: fc.boolean(),
  keepEscapes: fc.boolean(),
  plainQuotes: fc.boolean(),
  keepUnset: fc.boolean(),
});

const plain = fc.constantFrom("\\", "`").map((escape): WordOptions => ({ escape }));

compared(
  "20,000 random words in random environments are expanded and split as BuildKit expands and splits them",
  () => {
    const cases = fc.sample(fc.tuple(someWord, environment, fc.oneof(plain, options)), { numRuns: 20_000, seed: 7 });
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
      expect({ text, env, how, ...ours }).toEqual({ text, env, how, ...theirs });
    }
    // The comparison means something only where the words were worth reading.
    expect(tally.changed).toBeGreaterThan(5000);
    expect(tally.refused).toBeGreaterThan(1000);
  },
);
