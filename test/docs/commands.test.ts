import { available } from "../../toolbox/available.ts";
import { blocksIn, exchangesIn, NEEDS, pages, printsAs } from "./blocks.ts";
import { problemsOf } from "./commandCheck.ts";
import { callsIn } from "./dryRun.ts";
import { Scratch } from "./scratch.ts";

/** The longest that one command may take, in milliseconds, and then a whole block. */
const LIMIT_MS = 150_000;
const PATIENCE_MS = 2 * LIMIT_MS;

/** Programs whose words say nothing that could be wrong here. */
const UNCHECKED = ["jq"];

const root = process.cwd();
const pulumi = available(["pulumi"]);
const blocks = pages(root).flatMap((page) => blocksIn(root, page));

describe.each(pages(root).filter((page) => blocks.some((one) => one.page === page)))("%s", (page) => {
  let made: Scratch | undefined;
  /** The copy of the repository that the page's commands run in, one after the other. */
  const scratch = () => {
    made ??= new Scratch(root);
    return made;
  };
  afterAll(() => made?.close());

  for (const { line, language, text, needs } of blocks.filter((one) => one.page === page)) {
    if (/\b(pulumi|npm start)\b/.test(text) && pulumi.tools === undefined) {
      test.skip(`line ${line}: needs Pulumi's command (${pulumi.reason})`, () => {});
      continue;
    }
    if (needs !== undefined) {
      test(
        `line ${line}: checked, not run: needs ${needs}`,
        async () => {
          const commands = callsIn(text).filter(({ program }) => !UNCHECKED.includes(program));
          expect(commands).not.toEqual([]);
          for (const call of commands) {
            const wrong = await problemsOf(call, { root, pulumi: pulumi.tools?.pulumi.path ?? "pulumi" });
            expect({ ...call, wrong }).toEqual({ ...call, wrong: [] });
          }
        },
        LIMIT_MS,
      );
      continue;
    }
    test(
      `line ${line}: ${language === "bash" ? "the commands run" : "the commands print what the page says"}`,
      () => {
        if (language === "bash") {
          const { code, printed } = scratch().run(text, LIMIT_MS);
          expect({ code, printed: code === 0 ? "" : printed }).toEqual({ code: 0, printed: "" });
          return;
        }
        for (const { command, printed: expected } of exchangesIn(text)) {
          const { code, printed } = scratch().run(command, LIMIT_MS);
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

test("a command that cannot be run is found to be wrong where it is", async () => {
  const wrong = async (text: string) => {
    const found = callsIn(text).map((call) =>
      problemsOf(call, { root, pulumi: pulumi.tools?.pulumi.path ?? "pulumi" }),
    );
    return (await Promise.all(found)).flat().join("; ");
  };
  expect(await wrong("npx strata plan --against main arr-trainer")).toBe("");
  expect(await wrong("npx strata plan --agains main")).toContain("unknown option '--agains'");
  expect(await wrong("strata plant")).toBe("strata has no command plant");
  expect(await wrong("strata local up --port")).toContain("argument missing");
  expect(await wrong("npm run picture")).toBe("package.json has no script picture");
  expect(await wrong("npm run pulumi -- up nowhere")).toBe("there is no Pulumi.nowhere.yaml");
  expect(await wrong("git commit -m 'Pin the bases' dockerfiles/bases.yaml")).toBe(
    "there is no dockerfiles/bases.yaml",
  );
  expect(await wrong("gcloud secrets create github-token --file=-")).toContain("has no option --file");
  expect(await wrong("gcloud secrets erase github-token")).toContain("is no command that is known");
  expect(await wrong("strata bake | docker buildx bake -f - arr-ml-stack")).toContain("has no target arr-ml-stack");
  expect(() => callsIn("gclowd projects create")).toThrow("gclowd: command not found");
});

const withPulumi = pulumi.tools ? test : test.skip;
withPulumi("a command of Pulumi is held against its help, the settings and the stack's outputs", async () => {
  const wrong = async (text: string) => {
    const found = callsIn(text).map((call) => problemsOf(call, { root, pulumi: pulumi.tools?.pulumi.path ?? "" }));
    return (await Promise.all(found)).flat().join("; ");
  };
  expect(await wrong("pulumi up --stack dev --diff")).toBe("");
  expect(await wrong("pulumi stack outputs build")).toBe("pulumi has no command stack outputs");
  expect(await wrong("pulumi preview --dif")).toBe("pulumi preview has no option --dif");
  expect(await wrong("pulumi up --stack nowhere")).toBe("there is no Pulumi.nowhere.yaml");
  expect(await wrong("pulumi stack output builds")).toBe("the stack has no output builds");
  expect(await wrong("pulumi config set strata:images some")).toContain("wait, submit or none");
  expect(await wrong("pulumi config set strata:tol x")).toContain("tol");
  expect(await wrong("pulumi config set --path strata:retention.scratchDays 0")).toContain("1 to 3650");
});

test("a transcript is compared line by line, but for what differs from run to run", () => {
  expect(printsAs(["key 0123456789ab in 3 s"], "key ba9876543210 in 14 s\n")).toBe(true);
  expect(printsAs(["one", "…", "four"], "one\ntwo\nthree\nfour\n")).toBe(true);
  expect(printsAs(["one", "four"], "one\ntwo\nfour\n")).toBe(false);
  expect(printsAs(["2 to build"], "3 to build\n")).toBe(false);
});
