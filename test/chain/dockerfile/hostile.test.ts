import { parseDuration } from "../../../chain/dockerfile/durations.ts";
import { parseDockerfile } from "../../../chain/dockerfile/parse.ts";
import { UserError } from "../../../chain/errors.ts";
import { besides, keyOf } from "./keyOf.ts";

/**
 * What a pull request could bring. Each of these took minutes, gigabytes or the whole stack before; here the result has
 * to come at all, within the time that Jest gives a test.
 */
const KEY = /^[0-9a-f]{64}$/;

function times(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join("");
}

/** Lines that each say the variable of the one before twice. */
function doubling(keyword: "ARG" | "ENV", count: number): string {
  return `${keyword} A0=${"a".repeat(16)}\n${times(count, (index) => `${keyword} A${index + 1}=$A${index}$A${index}\n`)}`;
}

async function refusal(dockerfile: string): Promise<string> {
  const error: unknown = await keyOf(dockerfile).then(
    () => new Error("nothing was refused"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof UserError)) throw error;
  return error.message;
}

test.each([
  ["steps of one stage", `FROM scratch\n${times(5000, () => "COPY a /a\n")}`],
  ["stages that are FROM each other", `FROM scratch AS s0\n${times(8000, (n) => `FROM s${n} AS s${n + 1}\n`)}`],
  [
    "stages that copy from each other",
    `FROM scratch AS s0\n${times(4000, (n) => `FROM scratch AS s${n + 1}\nCOPY --from=s${n} / /\n`)}`,
  ],
  [
    "stages whose triggers copy from each other",
    `FROM scratch AS s0\n${times(2000, (n) => `FROM scratch AS t${n}\nONBUILD COPY --from=s${n} / /\nFROM t${n} AS s${n + 1}\n`)}`,
  ],
])("thousands of %s have a key", async (_, dockerfile) => {
  expect(await keyOf(dockerfile)).toMatch(KEY);
});

test("variables that double are refused with their line, before the first FROM, in ENV and in ARG", async () => {
  const before =
    /^Dockerfile:\d+: the values of the ARGs before the first FROM have more than 1048576 characters together/;
  expect(await refusal(`${doubling("ARG", 26)}FROM scratch\nCOPY a /a\n`)).toMatch(before);
  const apart = times(3000, (n) => `ARG B${n}=$A13\n`);
  expect(await refusal(`${doubling("ARG", 13)}${apart}FROM scratch\nCOPY a /a\n`)).toMatch(before);
  const together = /^Dockerfile:\d+: the variables of the stage have more than 1048576 characters together/;
  for (const keyword of ["ENV", "ARG"] as const) {
    expect(await refusal(`FROM scratch\n${doubling(keyword, 26)}COPY a /a\n`)).toMatch(together);
  }
});

test("a here-document, a replacement and a word of many variables are refused before they are made", async () => {
  const stage = `FROM scratch\n${doubling("ENV", 14)}`;
  const many = "$A14".repeat(10_000);
  expect(await refusal(`${stage}LABEL a=${many}\n`)).toMatch(/variables make this longer/);
  expect(await refusal(`${stage}COPY <<end /a\n${many}\nend\n`)).toMatch(/variables make this longer/);
  expect(await refusal(`${stage}LABEL a="\${A14//a/$A13}"\n`)).toMatch(/the result is longer than 1048576/);
});

test("expressions that stand inside each other thousands deep are refused", async () => {
  const nested = (depth: number) => `FROM scratch\nENV A=${"${A:-\\\n".repeat(depth)}b${"}".repeat(depth)}\n`;
  expect(await keyOf(nested(500))).toMatch(KEY);
  expect(await refusal(nested(20_000))).toMatch(
    /^Dockerfile:2: expressions stand inside each other more than 500 deep/,
  );
});

test("environments, labels and ports are refused where they grow beyond what a target may have together", async () => {
  const most = /^Dockerfile:\d+: the instructions of the target have more than 67108864 characters/;
  const stage = `FROM base:1\n${doubling("ENV", 14)}`;
  expect(await refusal(`${stage}${times(2000, () => "RUN build\n")}`)).toMatch(most);
  expect(await refusal(`${stage}${times(2000, () => "LABEL a=$A14\n")}`)).toMatch(most);
  expect(await refusal(`FROM scratch\n${times(7000, () => "EXPOSE 1-65535\n")}`)).toMatch(most);
  expect(await refusal(`FROM scratch\nEXPOSE ${"1-65535 ".repeat(7000)}\n`)).toMatch(most);
  expect(await keyOf("FROM scratch\nEXPOSE 1-65535\nEXPOSE 1-65535/udp\n")).toMatch(KEY);
});

test("a pattern that nearly matches everywhere in a long value is replaced, and one that is as long is refused", async () => {
  const stage = `${doubling("ENV", 14)}ENV Y=`;
  expect(await keyOf(besides(`${stage}\${A14//a*b/c}`))).toMatch(KEY);
  expect(await keyOf(besides(`${stage}\${A14%%a*b}`))).toMatch(KEY);
  expect(await refusal(besides(`${stage}\${A14//$A13/c}`))).toMatch(/are more than strata compares/);
});

const run = (character: string) => character.repeat(60_000);

test.each([
  ["blanks", times(40, () => `RUN a${run(" ")}b\n`)],
  ["tabs behind a continuation", times(40, () => `RUN a${run("\t")}b \\\n c\n`)],
  ["carriage returns", times(40, () => `RUN a${run("\r")}b\n`)],
  ["blanks behind <<", times(40, () => `RUN a <<${run(" ")}<b\n`)],
  ["flags", `RUN ${times(60_000, () => "--mount=target=/m \\\n")}b\n`],
])("lines with long runs of %s are read", (_, lines) => {
  expect(parseDockerfile(`FROM scratch\n${lines}`, "Dockerfile").instructions.length).toBeGreaterThan(1);
});

test("a directive with a long run of blanks is read", () => {
  const { syntaxImage } = parseDockerfile(`# syntax=a${run(" ")}b\nFROM scratch\n`, "Dockerfile");
  expect(syntaxImage).toBe("a");
});

test("durations of many digits and of many parts are read", () => {
  expect(parseDuration(`${"1".repeat(1e6)}x`)).toBeUndefined();
  expect(parseDuration(`${"1.1".repeat(3e5)}s`)).toBeUndefined();
  expect(parseDuration(`${"1ms".repeat(3e5)}x`)).toBeUndefined();
  expect(parseDuration("1ms".repeat(3e5))).toBe(3e5 * 1e6);
  expect(["1h2m3.5s", "-.5s", "+1m5s", "0", "1.s", "1ms2", "s", "", "1hs"].map(parseDuration)).toEqual([
    ...[3_723_500_000_000, -500_000_000, 65_000_000_000, 0, 1_000_000_000],
    ...[undefined, undefined, undefined, undefined],
  ]);
});

test("a pattern of --exclude with a long run of blanks is read", async () => {
  const pattern = `x${`${run(" ")}\\\n`.repeat(10)}x`;
  expect(await keyOf(`FROM scratch\nCOPY --exclude="${pattern}" a /a\n`)).toMatch(KEY);
});
