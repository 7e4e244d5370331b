import { besides, keyOf } from "./keyOf.ts";

/** The keys of Dockerfiles that differ in one part alone, in which "@" stands for "$". */
function keysOf(dockerfile: (part: string) => string, parts: readonly string[]): Promise<readonly string[]> {
  return Promise.all(parts.map((part) => keyOf(dockerfile(part.replaceAll("@", "$")))));
}

test.each([
  ["a trimmed start", ["@X", "@{X#@BASE}", "@{X#@OTHER}", "@{X##@BASE}", "@{X#@BASE*}"]],
  ["a trimmed end", ["@X", "@{X%@BASE}", "@{X%%@BASE*}", "@{X%@BASE*}"]],
  ["a replaced part", ["@X", "@{X/@BASE/z}", "@{X//@BASE/z}", "@{X/@OTHER/z}", "@{X/@BASE/y}"]],
  ["a replacement", ["@X", "@{X/a/@BASE}", "@{X//a/@BASE}", "@{X//a/@PATH}", "@{X//2/@BASE}"]],
  ["a variable that is not known", ["@{BASE/a/b}", '@{BASE/"a/b"/c}', '@{BASE/a/"b/c"}', "@{BASE//a/b}"]],
  ["a variable of such a value", ["@{S#a}", "@{S%a}", "@{S:-a}", '@{S/"a/b"/c}', '@{S/a/"b/c"}', "@{BASE#a}"]],
])("what is not known reaches the key as %s, with all that is around it", async (_, forms) => {
  const stage = (form: string) => `FROM base:1\nENV X=2a S=s$BASE\nENV Y=${form}\nRUN build\n`;
  expect(new Set(await keysOf(stage, forms)).size).toBe(forms.length);
});

test("in an expression that is not known, values, names and operators are told apart", async () => {
  const stage = (lines: string) => besides(`${lines}\nENV A=1\nRUN build`);
  const forms = ["ENV Y=@{X#@BASE}", ...["X#@BASE", "a#b"].map((value) => `ARG A=${value}\nENV Y=@{A#@BASE}`)];
  const keys = await keysOf(stage, [...forms, "ARG A=X\nENV Y=@{A#@BASE}", "ARG A=a\nENV Y=@{A#b#@BASE}"]);
  expect(new Set(keys).size).toBe(keys.length);
});
