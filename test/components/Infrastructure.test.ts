import { Infrastructure } from "../../components/Infrastructure.ts";
import { parseSettings } from "../../settings.ts";
import { one, registeredBy } from "./mocks.ts";

const source = '{"repository":"https://github.com/acme/images.git","connection":"github"}';

const registered = (values: Readonly<Record<string, string>>) =>
  registeredBy(() => {
    const settings = parseSettings({
      stack: "dev",
      project: "acme-images",
      region: "us-east4",
      values: { "strata:images": "none", ...values },
    });
    new Infrastructure("infrastructure", { settings, machines: ["c3-standard-176"], persistent: [], inUse: [] });
  });

const typesOf = async (values: Readonly<Record<string, string>>) =>
  new Set((await registered(values)).map(({ type }) => type.split(":").at(-1)));

test("an environment that builds has pools and a compiler cache, and triggers where it has a source", async () => {
  const types = await typesOf({ "strata:source": source });
  for (const type of ["BuildPools", "CompilerCache", "SourceRepository", "BuildTriggers"])
    expect(types).toContain(type);
  expect(await typesOf({})).not.toContain("BuildTriggers");
});

test("an environment that promotes has nothing to build with", async () => {
  const types = await typesOf({ "strata:promoteFrom": "staging" });
  for (const type of ["WorkerPool", "CompilerCache", "SourceRepository", "Trigger"]) expect(types).not.toContain(type);
  for (const type of ["ImageRegistry", "BuildStore", "BuildIdentities"]) expect(types).toContain(type);
});

test("everything stands below a component", async () => {
  for (const { path, type } of await registered({ "strata:source": source, "strata:refresh": "0 4 * * 1" })) {
    expect(path.startsWith("strata:index:")).toBe(true);
    expect(path.endsWith(type)).toBe(true);
  }
});

test("a triggered build is told every address it needs", async () => {
  const all = await registered({ "strata:source": source });
  expect(one(all, "gcp:cloudbuild/trigger:Trigger", "triggers-push").inputs.substitutions).toEqual({
    _ENVIRONMENT: "dev",
    _REGION: "us-east4",
    _IMAGES: "us-east4-docker.pkg.dev/acme-images/strata-dev-images",
    _LAYERS: "us-east4-docker.pkg.dev/acme-images/strata-dev-layers",
    _SCRATCH: "us-east4-docker.pkg.dev/acme-images/strata-dev-scratch",
    _DOCKERHUB: "us-east4-docker.pkg.dev/acme-images/strata-dev-dockerhub",
    _STORE: "acme-images-strata-dev-builds",
    _CCACHE: "acme-images-strata-dev-ccache",
    _MODE: "publish",
  });
});
