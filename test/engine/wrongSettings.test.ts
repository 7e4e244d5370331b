import stack from "../../index.ts";
import { type Engine, engineTest, startEngine } from "./engine.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(["acme-images"]);
}, 60_000);
afterAll(() => engine?.close());

/** What a stack with these settings says when it is previewed. */
async function said(name: string, config: Readonly<Record<string, string>>): Promise<string> {
  await engine.stack(name, { "gcp:project": "acme-images", "gcp:region": "us-east4", ...config }, stack);
  return engine.runApart("preview", name);
}

const wrong: readonly [key: string, value: string, fix: string][] = [
  ["gcp:project", "Acme", "pulumi config set gcp:project acme-images-dev"],
  ["gcp:region", "us-east4-a", "pulumi config set gcp:region us-east4"],
  ["strata:catalogue", "/etc", "pulumi config set strata:catalogue dockerfiles"],
  ["strata:images", "sometimes", "pulumi config set strata:images "],
  ["strata:diskGb", "many", "pulumi config set strata:diskGb 500"],
  ["strata:egress", "some", "pulumi config set strata:egress "],
  ["strata:refresh", "weekly", "pulumi config set strata:refresh "],
  ["strata:readers", '["allUsers"]', "pulumi config set --path 'strata:readers[0]' group:ml-platform@example.com"],
  ["strata:retention", '{"keysPerTarget":0}', "pulumi config set --path 'strata:retention.keysPerTarget' 10"],
  ["strata:colour", "red", "pulumi config rm strata:colour"],
];

engineTest(
  "every wrong setting of a stack is named in one preview, each with the command that mends it",
  async () => {
    const text = await said("dev", Object.fromEntries(wrong.map(([key, value]) => [key, value])));
    for (const [key, , fix] of wrong) {
      expect(text).toContain(key);
      expect(text).toContain(fix);
    }
    expect(engine.cloud.cloud.journal.count).toBe(0);
  },
  120_000,
);

engineTest(
  "settings that are wrong together are refused with the command that mends them",
  async () => {
    expect(await said("alone", {})).toContain("pulumi config set strata:tool ");
    expect(await said("self", { "strata:promoteFrom": "self" })).toContain("pulumi config rm strata:promoteFrom");
    const repository = "https://github.com/acme/images.git";
    const both = { "strata:promoteFrom": "dev", "strata:source": JSON.stringify({ repository, connection: "github" }) };
    expect(await said("both", both)).toContain("pulumi config rm strata:source");
  },
  120_000,
);

engineTest(
  "a source that can neither use a connection nor make one says what it lacks and how to give it",
  async () => {
    const source = (rest: object) => ({
      "strata:images": "none",
      "strata:source": JSON.stringify({ repository: "https://github.com/acme/images.git", ...rest }),
    });
    for (const [name, rest, lacks] of [
      ["bare", {}, "no connection, no installation"],
      ["half", { installation: 7 }, "no connection, no token"],
    ] as const) {
      const text = await said(name, source(rest));
      expect(text).toContain(lacks);
      expect(text).toContain("pulumi config set --path strata:source.connection github");
    }
    expect(engine.cloud.cloud.journal.count).toBe(0);
  },
  120_000,
);
