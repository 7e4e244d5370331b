import { available } from "../../toolbox/available.ts";
import { blocksIn, exchangesIn, NEEDS, pages, printsAs } from "./blocks.ts";
import { Scratch } from "./scratch.ts";

/** The longest that one command may take, in milliseconds, and then a whole block. */
const LIMIT_MS = 150_000;
const PATIENCE_MS = 2 * LIMIT_MS;

const root = process.cwd();
const pulumi = available(["pulumi"]);
const blocks = pages(root).flatMap((page) => blocksIn(root, page));

describe.each(pages(root).filter((page) => blocks.some((one) => one.page === page)))("%s", (page) => {
  let scratch: Scratch;
  beforeAll(() => {
    scratch = new Scratch(root);
  }, PATIENCE_MS);
  afterAll(() => scratch.close());

  for (const { line, language, text, needs } of blocks.filter((one) => one.page === page)) {
    if (needs !== undefined) {
      test.skip(`line ${line}: needs ${needs}`, () => {});
      continue;
    }
    if (/\bnpm run pulumi\b/.test(text) && pulumi.tools === undefined) {
      test.skip(`line ${line}: needs Pulumi's command (${pulumi.reason})`, () => {});
      continue;
    }
    test(
      `line ${line}: ${language === "bash" ? "the commands run" : "the commands print what the page says"}`,
      () => {
        if (language === "bash") {
          const { code, printed } = scratch.run(text, LIMIT_MS);
          expect({ code, printed: code === 0 ? "" : printed }).toEqual({ code: 0, printed: "" });
          return;
        }
        for (const { command, printed: expected } of exchangesIn(text)) {
          const { code, printed } = scratch.run(command, LIMIT_MS);
          if (expected.length === 0)
            expect({ command, code, printed: code === 0 ? "" : printed }).toEqual({ command, code: 0, printed: "" });
          else if (!printsAs(expected, printed))
            expect(`$ ${command}\n${printed}`).toBe(`$ ${command}\n${expected.join("\n")}\n`);
        }
      },
      PATIENCE_MS,
    );
  }
});

test("what a page needs that this machine does not have is one of the things that are counted", () => {
  const named = blocks.flatMap(({ page, line, needs }) =>
    needs === undefined ? [] : [{ at: `${page}:${line}`, needs }],
  );
  expect(named.filter(({ needs }) => !NEEDS.some((one) => one === needs))).toEqual([]);
  const commands = blocks.filter(({ needs }) => needs === undefined);
  expect(commands.length).toBeGreaterThan(5);
});

test("a transcript is compared line by line, but for what differs from run to run", () => {
  expect(printsAs(["key 0123456789ab in 3 s"], "key ba9876543210 in 14 s\n")).toBe(true);
  expect(printsAs(["one", "…", "four"], "one\ntwo\nthree\nfour\n")).toBe(true);
  expect(printsAs(["one", "four"], "one\ntwo\nfour\n")).toBe(false);
  expect(printsAs(["2 to build"], "3 to build\n")).toBe(false);
});
