import { readFileSync } from "node:fs";
import type { PulumiFn, Stack } from "@pulumi/pulumi/automation/index.js";
import { openEnvironment } from "../../cli/buildEnvironment.ts";
import { Infrastructure } from "../../components/Infrastructure.ts";
import { environmentOf } from "../../local/environment.ts";
import { makeSecrets } from "../../local/gcpStandIn/secrets.ts";
import type { Policy } from "../../local/identity/access.ts";
import { readSettings } from "../../settings.ts";
import { type Engine, engineTest, startEngine } from "./engine.ts";

const program: PulumiFn = async () => {
  const settings = readSettings();
  const machines = ["c3-standard-176", "e2-standard-8"];
  const { registry, build } = new Infrastructure("infrastructure", {
    settings,
    machines,
    persistent: ["base"],
    inUse: ["k1"],
    readsBeside: false,
    cloudBuild: readFileSync("cloudbuild.yaml", "utf8"),
  });
  return { images: registry.images, build };
};

const source = {
  repository: "https://github.com/acme/images.git",
  installation: 12345678,
  token: "projects/acme-images/secrets/github/versions/1",
};

const dockerHub = { username: "acme", passwordSecret: "projects/acme-images/secrets/hub/versions/1" };

const config = {
  "gcp:project": "acme-images",
  "gcp:region": "us-east4",
  "strata:images": "none",
  "strata:tool": "us-east4-docker.pkg.dev/acme-images/strata-dev-images/strata/tool:key",
  "strata:source": JSON.stringify(source),
  "strata:dockerHub": JSON.stringify(dockerHub),
  "strata:refresh": "0 4 * * 1",
  "strata:readers": '["group:research@example.com"]',
  "strata:publishers": '["group:leads@example.com"]',
};

const checker = "strata-dev-checker@acme-images.iam.gserviceaccount.com";

let engine: Engine;
let dev: Stack;
/** The number of the last request before the stack's own. */
let beforeStack: number;
beforeAll(async () => {
  engine = await startEngine(["acme-images"]);
  await makeSecrets({ "strata:source": source, "strata:dockerHub": dockerHub });
  beforeStack = now();
  dev = await engine.stack("dev", config, program);
}, 120_000);
afterAll(() => engine?.close());

/** Requests that changed something, or tried to, since a number of the journal. */
const writesSince = (start: number) => engine.cloud.cloud.journal.since(start).filter(({ write }) => write);
const now = () => engine.cloud.cloud.journal.count;

engineTest(
  "an environment comes up at the first try, and every call is one that Google's API has",
  async () => {
    const { summary, outputs } = await dev.up();
    expect(summary.result).toBe("succeeded");
    expect(summary.resourceChanges?.create).toBeGreaterThan(50);
    expect(outputs.images?.value).toBe(`${engine.cloud.cloud.host}/acme-images/strata-dev-images`);
    expect(engine.cloud.cloud.journal.since(0).filter(({ refused }) => refused)).toEqual([]);
  },
  60_000,
);

engineTest(
  "Cloud Build's own account may read the token before the connection, whose making reads it, is asked for",
  async () => {
    const { documents, journal } = engine.cloud.cloud;
    const made = journal.since(0).map(({ method }) => method);
    const granted = made.indexOf("secretmanager.projects.secrets.setIamPolicy");
    expect(granted).toBeGreaterThan(0);
    expect(made.indexOf("cloudbuild.projects.locations.connections.create")).toBeGreaterThan(granted);
    const { projectNumber } = documents.get<{ projectNumber: string }>("projects", "acme-images") ?? {};
    expect(documents.get<Policy>("policy", "projects/acme-images/secrets/github")?.bindings).toEqual([
      {
        role: "roles/secretmanager.secretAccessor",
        members: [`serviceAccount:service-${projectNumber}@gcp-sa-cloudbuild.iam.gserviceaccount.com`],
      },
    ]);
  },
  60_000,
);

engineTest(
  "Artifact Registry's own account may read the password before the mirror of Docker Hub is made with it",
  async () => {
    const { documents, journal } = engine.cloud.cloud;
    const calls = journal.since(0).filter(({ write }) => write);
    const granted = calls.findIndex(({ path }) => path.includes("secrets/hub:setIamPolicy"));
    expect(granted).toBeGreaterThan(0);
    expect(calls.findIndex(({ path }) => path.includes("strata-dev-dockerhub"))).toBeGreaterThan(granted);
    const { projectNumber } = documents.get<{ projectNumber: string }>("projects", "acme-images") ?? {};
    expect(documents.get<Policy>("policy", "projects/acme-images/secrets/hub")?.bindings).toEqual([
      {
        role: "roles/secretmanager.secretAccessor",
        members: [`serviceAccount:service-${projectNumber}@gcp-sa-artifactregistry.iam.gserviceaccount.com`],
      },
    ]);
  },
  60_000,
);

engineTest(
  "Resource Manager, which a new project has not enabled, is on before the stack enables anything else",
  async () => {
    const calls = engine.cloud.cloud.journal
      .since(beforeStack)
      .map(({ method, path }) => `${method} ${path.split("?")[0]?.split("/").at(-1)}`);
    const enabled = calls.filter((each) => each.startsWith("serviceusage.services.enable "));
    expect(enabled[0]).toBe("serviceusage.services.enable cloudresourcemanager.googleapis.com:enable");
    const asked = calls.findIndex((each) => each.startsWith("cloudresourcemanager.projects.get "));
    expect(calls.indexOf(enabled[1] ?? "")).toBeGreaterThan(asked);
    expect(asked).toBeGreaterThan(0);
  },
  60_000,
);

engineTest(
  "`strata build` finds in the store what the environment's output says",
  async () => {
    const env = environmentOf(engine.cloud.origin, engine.cloud.operatorToken);
    const terminal = { stdout: process.stdout, stderr: process.stderr, env };
    const { settings } = await openEnvironment("gs://acme-images-strata-dev-builds/settings.json", terminal);
    expect(settings).toEqual((await dev.outputs()).build?.value);
    expect(settings.pools["c3-standard-176"]).toMatch(/^projects\/acme-images\/locations\/us-east4\/workerPools\//);
  },
  60_000,
);

engineTest(
  "a second up changes nothing, and makes no call",
  async () => {
    const start = now();
    const { summary } = await dev.up();
    expect(Object.keys(summary.resourceChanges ?? {})).toEqual(["same"]);
    expect(now()).toBe(start);
  },
  60_000,
);

engineTest(
  "a preview of a change writes nothing",
  async () => {
    const start = now();
    await dev.setConfig("strata:diskGb", { value: "600" });
    await dev.setConfig("strata:retention", { value: '{"keysPerTarget":5}' });
    const { changeSummary } = await dev.preview();
    expect(changeSummary.update).toBe(3);
    expect(writesSince(start)).toEqual([]);
  },
  60_000,
);

engineTest(
  "a change is made in place: two pools and the clean-up policies, nothing else",
  async () => {
    const start = now();
    const { summary } = await dev.up();
    expect(summary.resourceChanges).toEqual({ update: 3, same: expect.any(Number) });
    expect(
      writesSince(start)
        .map(({ verb, method }) => `${verb} ${method}`)
        .sort(),
    ).toEqual([
      "PATCH artifactregistry.projects.locations.repositories.patch",
      "PATCH cloudbuild.projects.locations.workerPools.patch",
      "PATCH cloudbuild.projects.locations.workerPools.patch",
    ]);
  },
  60_000,
);

engineTest(
  "another tool reaches the settings in the store, which are replaced and not lost",
  async () => {
    await dev.setConfig("strata:tool", {
      value: "us-east4-docker.pkg.dev/acme-images/strata-dev-images/strata/tool:2",
    });
    await dev.up();
    const name = "acme-images-strata-dev-builds/o/settings.json";
    const answer = await fetch(`${engine.cloud.origin}/storage/v1/b/${name}?alt=media`, {
      headers: { Authorization: `Bearer ${engine.cloud.operatorToken}` },
    });
    expect(await answer.json()).toMatchObject({ tool: expect.stringMatching(/tool:2$/) });
  },
  60_000,
);

engineTest(
  "what somebody deleted is found by a refresh and made again",
  async () => {
    const { cloud } = engine.cloud;
    const { status } = await fetch(`${engine.cloud.origin}/pubsub/v1/projects/acme-images/topics/strata-dev-refresh`, {
      method: "DELETE",
      headers: { Authorization: `Bearer ${engine.cloud.operatorToken}` },
    });
    expect(status).toBe(200);
    expect((await dev.refresh()).summary.resourceChanges?.delete).toBe(1);
    expect((await dev.up()).summary.resourceChanges?.create).toBe(1);
    expect(cloud.journal.since(0).filter(({ refused }) => refused)).toEqual([]);
  },
  60_000,
);

engineTest(
  "what somebody changed is found by a refresh and set back by the next up, and nothing else is touched",
  async () => {
    const { origin, operatorToken } = engine.cloud;
    const L = "projects/acme-images/locations/us-east4";
    const change = async (verb: string, path: string, body: object) => {
      const headers = { Authorization: `Bearer ${operatorToken}`, "content-type": "application/json" };
      const { status } = await fetch(`${origin}${path}`, { method: verb, headers, body: JSON.stringify(body) });
      expect(status).toBe(200);
    };
    const layers = `/artifactregistry/v1/${L}/repositories/strata-dev-layers`;
    await change("PATCH", `${layers}?updateMask=description`, { description: "mine" });
    const pool = `/cloudbuild/v1/${L}/workerPools/strata-dev-e2-standard-8`;
    const disk = { privatePoolV1Config: { workerConfig: { diskSizeGb: "100" } } };
    await change("PATCH", `${pool}?updateMask=privatePoolV1Config.workerConfig.diskSizeGb`, disk);
    await change("PATCH", "/storage/v1/b/acme-images-strata-dev-ccache", { lifecycle: { rule: [] } });
    await change("POST", `/cloudscheduler/v1/${L}/jobs/strata-dev-refresh:pause`, {});
    await change("PATCH", `/iam/v1/projects/acme-images/serviceAccounts/${checker}`, {
      serviceAccount: { displayName: "Somebody" },
      updateMask: "display_name",
    });
    const start = now();
    await dev.refresh();
    expect(writesSince(start)).toEqual([]);
    const { summary } = await dev.up();
    expect(summary.resourceChanges).toEqual({ update: 5, same: expect.any(Number) });
    expect(
      writesSince(start)
        .map(({ method }) => method.split(".").slice(-2).join("."))
        .sort(),
    ).toEqual([
      "buckets.patch",
      "jobs.patch",
      "jobs.resume",
      "repositories.patch",
      "serviceAccounts.patch",
      "workerPools.patch",
    ]);
    const again = now();
    await dev.refresh();
    expect(Object.keys((await dev.up()).summary.resourceChanges ?? {})).toEqual(["same"]);
    expect(writesSince(again)).toEqual([]);
  },
  240_000,
);

engineTest(
  "destroy leaves the services that were enabled and nothing else",
  async () => {
    const { summary } = await dev.destroy();
    expect(summary.result).toBe("succeeded");
    const { documents } = engine.cloud.cloud;
    for (const kind of ["artifactregistry.repositories", "storage.buckets"]) expect(documents.list(kind)).toEqual([]);
  },
  60_000,
);
