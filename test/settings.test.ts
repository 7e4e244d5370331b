import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { UserError } from "../chain/errors.ts";
import { parseSettings, type RawSettings, settingsIn } from "../settings.ts";

const minimal: RawSettings = {
  stack: "dev",
  project: "acme-images-dev",
  region: "us-east4",
  values: { "strata:images": "none" },
};

function refusal(raw: Partial<RawSettings>): UserError {
  try {
    parseSettings({ ...minimal, ...raw, values: { ...minimal.values, ...raw.values } });
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("accepted");
}

function refused(key: string, value: string) {
  return refusal({ values: { [`strata:${key}`]: value } }).detail;
}

test("a project and a region are enough for the infrastructure", () => {
  const settings = parseSettings(minimal);
  expect(settings.environment).toEqual({
    name: "dev",
    project: "acme-images-dev",
    region: "us-east4",
    prefix: "strata-dev",
  });
  expect(settings).toMatchObject({ images: "none", catalogue: "dockerfiles", protect: false });
  expect(settings.retention.keysPerTarget).toBe(10);
});

test("what an environment's file configures is read as Pulumi would give it to the program", () => {
  const configuration = {
    "gcp:project": "acme-images-dev",
    "gcp:region": "us-east4",
    "strata:images": "none",
    "strata:diskGb": 250,
    "strata:retention": { scratchDays: 9 },
  };
  expect(settingsIn("dev", configuration)).toEqual(
    parseSettings({
      ...minimal,
      values: { ...minimal.values, "strata:diskGb": "250", "strata:retention": '{"scratchDays":9}' },
    }),
  );
  expect(() => settingsIn("dev", {})).toThrow(/gcp:project does not name a Google Cloud project/);
});

test("a partly given group keeps the defaults of the rest", () => {
  const { retention } = parseSettings({
    ...minimal,
    values: { ...minimal.values, "strata:retention": '{"keysPerTarget":2}' },
  });
  expect(retention).toMatchObject({ keysPerTarget: 2, untaggedDays: 7 });
});

test("keys of other namespaces are left alone", () => {
  expect(() =>
    parseSettings({ ...minimal, values: { ...minimal.values, "gcp:batching": "{}", "other:x": "1" } }),
  ).not.toThrow();
});

test.each([
  ["images", "maybe", '"maybe"', "wait, submit or none", "pulumi config set strata:images wait"],
  ["approval", "yes", '"yes"', "true or false", "pulumi config set strata:approval true"],
  ["diskGb", "5000", "5000", "a whole number of GB, 100 to 4000", "pulumi config set strata:diskGb 500"],
  [
    "refresh",
    "weekly",
    '"weekly"',
    'a cron expression of five fields, or "off"',
    'pulumi config set strata:refresh "0 4 * * 1"',
  ],
  ["egress", "some", '"some"', "public or none", "pulumi config set strata:egress public"],
])(
  "a wrong %s is named with its value, what is allowed and the command that mends it",
  (key, text, value, allowed, fix) => {
    expect(refused(key, text)).toEqual({
      problem: `strata:${key} is not usable`,
      value,
      allowed,
      fix,
      at: { file: "Pulumi.dev.yaml" },
    });
  },
);

test("a wrong value inside a group is named by its path", () => {
  expect(refused("retention", '{"keysPerTarget":0}')).toMatchObject({
    problem: "strata:retention.keysPerTarget is not usable",
    value: "0",
    fix: "pulumi config set --path 'strata:retention.keysPerTarget' 10",
  });
  expect(refused("readers", '["group:a@example.com","allUsers"]')).toMatchObject({
    problem: "strata:readers[1] is not usable",
    value: '"allUsers"',
  });
});

test("a missing part of a group is named", () => {
  expect(refused("source", '{"connection":"github"}')).toMatchObject({
    problem: "strata:source.repository is missing",
    value: "nothing",
  });
});

test("an unknown key is refused with the known ones, and its value is not repeated", () => {
  const error = refusal({ values: { "strata:aproval": "hunter2" } });
  expect(error.detail.problem).toBe("strata:aproval is not a setting");
  expect(error.detail.allowed).toContain("approval, builder, buildkit, catalogue");
  expect(error.detail.fix).toBe("pulumi config rm strata:aproval");
  expect(error.message).not.toContain("hunter2");
});

test("a secret in the place of a secret's name is not repeated", () => {
  const source = '{"repository":"https://github.com/acme/images.git","installation":1,"token":"ghp_hunter2"}';
  const error = refusal({ values: { "strata:source": source } });
  expect(error.detail).toMatchObject({ problem: "strata:source.token is not usable", value: "(not shown)" });
  expect(error.message).not.toContain("hunter2");
});

test("every mistake is named at once", () => {
  const { message } = refusal({
    stack: "Production",
    project: undefined,
    region: "us-east4-a",
    values: { "strata:images": "maybe", "strata:diskGb": "1" },
  });
  for (const part of ["Production", "gcp:project", "us-east4-a", "strata:images", "strata:diskGb"]) {
    expect(message).toContain(part);
  }
});

test.each([
  [{ "strata:promoteFrom": "dev" }, "names this environment itself"],
  [{ "strata:promoteFrom": "acme/strata/dev" }, "names this environment itself"],
  [{ "strata:images": "wait" }, "strata:tool is missing"],
  [
    { "strata:promoteFrom": "staging", "strata:source": '{"repository":"https://a.example/b.git","connection":"c"}' },
    "promoteFrom never builds",
  ],
  [{ "strata:source": '{"repository":"https://a.example/b.git"}' }, "neither an existing connection"],
  [{ "strata:source": '{"repository":"https://a.example/b.git","installation":1}' }, "neither an existing connection"],
])("settings that contradict each other are refused: %j", (values, problem) => {
  expect(refusal({ values }).detail.problem).toContain(problem);
});

test.each(["docker/buildkit-syft-scanner:stable-1", "host/scanner@sha256:12"])(
  "a scanner that is not pinned by its digest is refused: %s",
  (given) => {
    expect(refusal({ values: { "strata:sbomScanner": given } }).message).toContain("its digest");
  },
);

test("a BuildKit that is not pinned by its digest is refused, because it runs privileged", () => {
  const error = refusal({ values: { "strata:buildkit": "docker.io/moby/buildkit:buildx-stable-1" } });
  expect(error.message).toContain("its digest");
});

test("a workstation needs no project, no region and no tool", () => {
  const settings = parseSettings({
    stack: "workstation",
    project: undefined,
    region: undefined,
    values: { "strata:builder": "docker" },
  });
  expect(settings).toMatchObject({ builder: "docker", images: "wait", environment: { name: "workstation" } });
});

const scanner = `host/project/scanner@sha256:${"0".repeat(64)}`;

test.each([
  ["promoteFrom", "staging", "staging"],
  ["source", '{"repository":"https://a.example/b.git","connection":"c"}', "https://a.example/b.git"],
  ["images", "submit", "submit"],
  ["images", "none", "none"],
  ["tool", "host/project/strata:1", "host/project/strata:1"],
  ["sbomScanner", scanner, scanner],
  ["buildkit", scanner, scanner],
])("a workstation's %s is refused with the command that takes it away: %s", (name, text, value) => {
  const values = { "strata:builder": "docker", [`strata:${name}`]: text };
  const given = { stack: "workstation", project: undefined, region: undefined };
  let error: unknown;
  try {
    parseSettings({ ...given, values });
  } catch (caught) {
    error = caught;
  }
  expect(error).toMatchObject({ detail: { value, fix: `pulumi config rm strata:${name}` } });
});

test.each(["dev", "staging", "prod", "workstation"])("the example Pulumi.%s.yaml is accepted", (stack) => {
  const { config } = parse(readFileSync(`Pulumi.${stack}.yaml`, "utf8"));
  const values = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
  const settings = parseSettings({ stack, project: config["gcp:project"], region: config["gcp:region"], values });
  expect(settings.environment.name).toBe(stack);
});
