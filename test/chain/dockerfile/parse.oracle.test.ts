import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import type { Instruction } from "../../../chain/dockerfile/instructions.ts";
import { type Dockerfile, parseDockerfile } from "../../../chain/dockerfile/parse.ts";
import { parseJsonArray } from "../../../chain/dockerfile/syntax.ts";
import { UserError } from "../../../chain/errors.ts";
import { type Answer, findOracle, type OracleInstruction, type Question } from "./oracle.ts";

const { ask, reason } = findOracle();
const compared = ask ? test : (name: string, _: () => void) => test.skip(`${name} (${reason})`, () => {});
const answersOf = (texts: readonly string[]): readonly Answer[] =>
  ask?.(texts.map((text): Question => ({ ask: "parse", text }))) ?? [];

const blank = fc.constantFrom(" ", " ", " ", "  ", "\t", "\v", "\f", "\u00a0", "\u0085", "\ufeff");
const end = fc.constantFrom(
  "",
  "",
  "",
  "",
  " ",
  "\t",
  "\r",
  " \\",
  "\\",
  "\\ ",
  "\\\t",
  "`",
  " ` ",
  "\\\\",
  "``",
  "\\\r",
);

/** What may stand behind a keyword, good and bad. */
const argument = fc.constantFrom(
  ...["a", "b=c", "A=b", "A=b B=c", "a b", "a b c", "/x", ".", "a:b", "8080/tcp", "root:root", "é", "日本"],
  ...[
    "'a b'",
    '"a b"',
    "'a",
    'a"b',
    "a\\ b",
    "A='x y' B",
    'A="x\\"y"',
    "=",
    "=x",
    "A=",
    "A",
    '""',
    "A=b\\",
    "\\",
    "`",
    "A=`",
  ],
  ...[
    '["a"]',
    '["a", "b"]',
    '["a", 1]',
    '["a"',
    "[]",
    '[ "a" , "b c" ] ',
    '["\\u0041"]',
    '["a"] x',
    "[a]",
    '{"a":1}',
    "[[]]",
  ],
  ...[
    "<<EOF",
    "<<-EOF",
    "<<'EOF' /x",
    '<<"E F" /x',
    "<<A <<B /x",
    "3<<EOF cat",
    "cat <<EOF > x",
    "<<",
    "<<<x",
    "<< EOF /x",
  ],
  ...[
    "<<E'O'F /x",
    "<<\\EOF /x",
    "'<<EOF'",
    "<<$A /x",
    "a<<EOF",
    '["<<EOF"]',
    "<<EOF",
    "<<EOF /x",
    "x <<EOF",
    "<<'' x",
  ],
  ...["AS x", "a AS b", "a as B_1", "a AS 1", "a AS", "scratch", "$A", "# x", "x # y", "NONE", "CMD a", 'CMD ["a"]'],
  ...[
    "none",
    "CMD",
    "NONE x",
    "RUN a",
    "ONBUILD RUN a",
    "RUN <<EOF",
    "COPY <<EOF /x",
    "FROM a",
    "env A=b",
    "STOPSIGNAL 9",
  ],
);

const flag = fc.constantFrom(
  ...[
    "--from=x",
    "--chown=a:b",
    "--chmod=755",
    "--link",
    "--link=false",
    "--link=x",
    "--parents",
    "--exclude=*.a",
    "--exclude",
  ],
  ...[
    "--mount=type=cache,target=/c",
    "--mount=type=bind,from=a",
    "--mount=type=x",
    "--mount=target=/a,type=tmpfs,size=1m",
  ],
  ...[
    "--mount=type=secret,id=a,required",
    "--mount=type=bind",
    "--mount=type=bind,target=/x,readwrite",
    "--mount=",
    "--mount=a=b",
  ],
  ...["--network=none", "--network=x", "--security=insecure", "--platform=linux/arm64", "--interval=5s", "--timeout=x"],
  ...["--retries=3", "--start-period=1m", "--checksum=sha256:a", "--keep-git-dir", "--unpack=true", "--unpack=1"],
  ...[
    "--x",
    "--",
    "--=",
    "--'from'=x",
    '--chown="a b"',
    "--fr\\om=x",
    "--from=a --from=b",
    "--é=ü",
    "-- a",
    "---",
    "--from",
  ],
);

const keyword = fc.constantFrom(
  ...["RUN", "run", "COPY", "ADD", "ENV", "ARG", "LABEL", "CMD", "ENTRYPOINT", "WORKDIR", "USER", "EXPOSE", "VOLUME"],
  ...[
    "SHELL",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "ONBUILD",
    "MAINTAINER",
    "FROM",
    "Copy",
    "RUN",
    "COPY",
    "ENV",
    "NOPE",
    "RUNN",
  ],
);

const instruction = fc
  .tuple(
    fc.constantFrom("", "", "", " ", "\t", "\u00a0"),
    keyword,
    fc.array(fc.tuple(blank, fc.oneof({ weight: 3, arbitrary: argument }, { weight: 1, arbitrary: flag })), {
      maxLength: 3,
    }),
    end,
  )
  .map(([indent, word, rest, tail]) => indent + word + rest.map(([gap, text]) => gap + text).join("") + tail);

const line = fc.oneof(
  { weight: 6, arbitrary: instruction },
  { weight: 2, arbitrary: fc.constantFrom("EOF", "EOF", "\tEOF", "E F", "A", "B", "EOF ", "$A", " EOF") },
  { weight: 1, arbitrary: fc.tuple(argument, end).map((parts) => parts.join("")) },
  { weight: 1, arbitrary: fc.constantFrom("# c", "  # c", "#", "", " ", "\t", "# escape=`", "#syntax=x", "\\", "`") },
);

const directives = fc.array(
  fc.constantFrom(
    ...["# escape=`", "#escape=\\", "# ESCAPE = ` ", "# escape=x", "# syntax=docker/dockerfile:1", "#syntax=a/b c"],
    ...[
      "# check=skip=all",
      "# unknown=x",
      "# c",
      "",
      "// syntax=x",
      "#!/bin/x",
      "# syntax=",
      "# escape",
      "  # escape=`",
    ],
  ),
  { maxLength: 2 },
);

const separator = fc.constantFrom("\n", "\n", "\n", "\r\n");

const dockerfile = fc
  .tuple(fc.constantFrom("", "", "", "\ufeff"), directives, fc.array(line, { maxLength: 5 }), separator, fc.boolean())
  .map(([mark, head, body, eol, ended]) => mark + [...head, "FROM scratch", ...body].join(eol) + (ended ? eol : ""));

/** One instruction in a form that both sides can be brought into. */
interface Comparable {
  readonly keyword: string;
  readonly flags: readonly string[];
  readonly text: string;
  readonly words: readonly string[];
  readonly heredocs: readonly object[];
  readonly lines: readonly [number, number];
}

function ours({ escape, syntaxImage, instructions }: Dockerfile): object {
  return {
    escape,
    syntax: syntaxImage ?? "",
    instructions: instructions.map((one): Comparable => {
      const { keyword: word, flags, text, heredocs, line: first, lastLine } = one.source;
      return { keyword: word, flags, text, words: wordsOf(one), heredocs, lines: [first, lastLine] };
    }),
  };
}

/** The arguments as the keyword reads them. */
function wordsOf(one: Instruction): readonly string[] {
  const { rest } = one.source;
  switch (one.kind) {
    case "ENV":
    case "LABEL":
      return one.pairs.flatMap(({ name, value }) => [name, value]);
    case "ARG":
      return one.args.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`));
    case "RUN":
    case "CMD":
    case "ENTRYPOINT":
      return one.command.arguments;
    case "EXPOSE":
      return one.values.toSorted();
    case "VOLUME":
      return one.values;
    case "SHELL":
      return one.shell;
    case "COPY":
    case "ADD":
      return (parseJsonArray(rest) as readonly string[] | undefined) ?? rest.split(/[\t\v\f\r ]+/);
    case "FROM":
      return [one.image, ...(one.name === undefined ? [] : ["as", one.name])];
    case "HEALTHCHECK":
      return one.health.test;
    case "ONBUILD":
      return [];
    default:
      return [one.value];
  }
}

function theirs({ escape, syntax, instructions = [] }: Answer): object {
  return {
    escape,
    syntax: syntax ?? "",
    instructions: instructions.map((one): Comparable => {
      const { keyword: word, flags, text, heredocs, line: first, lastLine } = one;
      return {
        keyword: word,
        flags: flags ?? [],
        text,
        words: theirWords(one),
        heredocs: heredocs ?? [],
        lines: [first, lastLine],
      };
    }),
  };
}

function theirWords({ keyword: word, words, json }: OracleInstruction): readonly string[] {
  const list = words ?? [];
  switch (word.toUpperCase()) {
    case "ENV":
    case "LABEL":
      // Name, value and the sign between them.
      return list.filter((_, index) => index % 3 !== 2);
    case "RUN":
    case "CMD":
    case "ENTRYPOINT":
      return json ? list : list.filter((text) => text !== "");
    case "EXPOSE":
      return [...list].sort();
    case "VOLUME":
      return list.map((text) => text.trim());
    case "FROM":
      return list.map((text, index) => (index === 0 ? text : text.toLowerCase()));
    case "HEALTHCHECK": {
      const [type = "", ...rest] = list;
      if (type.toUpperCase() === "NONE") return ["NONE"];
      return [json ? "CMD" : "CMD-SHELL", ...rest];
    }
    case "ONBUILD":
      return [];
    default:
      return list;
  }
}

/** Ends of here-documents that chance meets too rarely. */
const chosen = ["<<-EOF\n EOF\n\tEOF", "<<EOF\n\tEOF\nEOF", "<<-EOF\n\t\tx\n\t EOF\nEOF", "<<A <<-B\nB\nA\n\tB"];

compared("10,000 random Dockerfiles are read as BuildKit reads them, or refused where it refuses them", () => {
  const texts = [
    ...chosen.map((text) => `FROM scratch\nRUN ${text}\n`),
    ...fc.sample(dockerfile, { numRuns: 10_000, seed: 11 }),
  ];
  const answers = answersOf(texts);
  let accepted = 0;
  let triggers = 0;
  for (const [i, text] of texts.entries()) {
    const answer = answers[i];
    let mine: object;
    try {
      mine = ours(parseDockerfile(text, "Dockerfile"));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const { line: at = 0 } = error.detail.at ?? {};
      expect(at).toBeGreaterThan(0);
      // A trigger that BuildKit would refuse in every child is refused at once.
      const refused = answer?.instructions?.find((one) => one.line === at);
      if (refused?.keyword.toUpperCase() === "ONBUILD") {
        triggers++;
        continue;
      }
      mine = { refused: true };
    }
    if (answer?.error === undefined) accepted++;
    const expected = answer === undefined || answer.error !== undefined ? { refused: true } : theirs(answer);
    if (!isDeepStrictEqual(mine, expected)) expect({ text, ...mine }).toEqual({ text, ...expected });
  }
  expect(accepted).toBeGreaterThan(1500);
  expect(triggers).toBeLessThan(100);
});
