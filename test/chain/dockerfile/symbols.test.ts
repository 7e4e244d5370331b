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

const copyTo = (path: string) => besides(`WORKDIR /w\nCOPY a ${path}`);

test.each([
  ["WORKDIR", (path: string) => `FROM base:1\nWORKDIR /w\nWORKDIR ${path}\nRUN build\n`],
  ["WORKDIR of another stage", (path: string) => besides(`WORKDIR /w\nWORKDIR ${path}\nRUN build`)],
  ["the destination of COPY", copyTo],
  ["the target of a mount", (path: string) => besides(`WORKDIR /w\nRUN --mount=type=tmpfs,target=${path} build`)],
])("a folder that is not known stays in %s, whatever stands beside it", async (_, dockerfile) => {
  const paths = [
    ...["x", "@BASE/x", "/w/@BASE/x", "b@BASE/x", "../@BASE/x"],
    ...["@PATH/../x", "@BASE/../x", "@BASE/../../x", "/w/@BASE/../x", "b@BASE/../x"],
    ...["@{BASE:-/a/../b}/x", "@{BASE:-/b}/x"],
  ];
  const keys = await keysOf(dockerfile, paths);
  expect(new Set(keys).size).toBe(paths.length);
});

test("the known part of a destination is one path in all its spellings", async () => {
  for (const spellings of [
    ["/a/@BASE/x", "/a//@BASE/./x", "/b/../a/@BASE/x", "/a/@BASE/y/../x"],
    ["s/@BASE", "./s/@BASE", "../w/s/@BASE", "/w/s/@BASE"],
    ["./@BASE", "/w/@BASE"],
    ["@BASE/x", "@BASE//x", "@BASE/y/../x"],
  ]) {
    expect(new Set(await keysOf(copyTo, spellings)).size).toBe(1);
  }
});

test("the folder that a base image ends in stays the same from stage to stage, however many there are", async () => {
  const direct = await keyOf("FROM base:2 AS t\nRUN build\n");
  expect(await keyOf("FROM base:2 AS b\nFROM b AS t\nRUN build\n")).toBe(direct);
  const many = Array.from({ length: 30 }, (_, index) => `FROM s${index} AS s${index + 1}\n`).join("");
  expect(await keyOf(`FROM base:2 AS s0\n${many}RUN build\n`)).toBe(direct);
});
