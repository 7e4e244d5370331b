import { parseIgnoreFile } from "../../../chain/context/ignore.ts";
import { trimSpace } from "../../../chain/context/pattern.ts";
import { keyOf } from "../dockerfile/keyOf.ts";
import { refusalOf } from "../smallChain.ts";

const read = (text: string) => parseIgnoreFile(text, ".dockerignore");

test("a pattern whose repetitions make it large is refused with its line, in an ignore file and in a flag", async () => {
  const large = `*${"a{1000}".repeat(9000)}`;
  expect(refusalOf(() => read(`x\n${`${large}\n`.repeat(5)}`))).toMatch(
    /^\.dockerignore:2: the pattern is too large to be matched\n {2}received: \d+ steps\n {2}allowed: {2}10000 steps.*\n {2}fix: .*/,
  );
  await expect(keyOf(`FROM scratch\nCOPY --exclude=?${"a{9}".repeat(1200)} a /a\n`)).rejects.toThrow(
    /^Dockerfile:2: the pattern is too large to be matched\n/,
  );
});

test("patterns that are large together are refused, and thousands of ordinary ones are not", () => {
  const fitting = `*${"a{1000}".repeat(9)}\n`;
  expect(read(fitting.repeat(100)).patterns.patterns).toHaveLength(100);
  expect(refusalOf(() => read(fitting.repeat(200)))).toMatch(
    /^\.dockerignore: the patterns are too large to be matched\n/,
  );
  const ordinary = Array.from({ length: 5000 }, (_, n) => `**/folder-${n}/*.[oa]\n`).join("");
  expect(read(ordinary).patterns.matchesAlone("x/folder-4999/y.o")).toBe(true);
});

test("a long run of blanks in a pattern takes no time, and blanks around it are those of Go", () => {
  expect(read(`a${" ".repeat(60_000)}b\n`.repeat(40)).patterns.patterns).toHaveLength(40);
  expect(trimSpace("\u3000\u0085 a\ufeff\t b \u2028\n")).toBe("a\ufeff\t b");
  expect(["", " \n", "a"].map(trimSpace)).toEqual(["", "", "a"]);
});
