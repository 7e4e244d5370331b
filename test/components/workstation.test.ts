import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CatalogueImage } from "../../chain/catalogue.ts";
import type { Chain } from "../../chain/chain.ts";
import { WorkstationImages } from "../../components/WorkstationImages.ts";
import { DOCKERFILE, unpackContexts } from "../../components/workstationContexts.ts";
import { chainOf, changed, DIGEST, settings, smallChain } from "../chain/smallChain.ts";
import { one, type Registered, registeredBy } from "./mocks.ts";

const machine = { name: "desk", vCpus: 16, memoryGb: 16 };

const keyOf = ({ chain }: Chain, target: string) => chain.targets.get(target)?.inputs.key ?? "no key";

/** What the component makes of a chain whose contexts lie in `contexts/KEY`. */
const registered = (chain: Chain) =>
  registeredBy(() => {
    const contexts = new Map(
      [...chain.chain.targets].map(([target, { inputs }]) => [target, `contexts/${inputs.key}`]),
    );
    new WorkstationImages("images", { chain, contexts, machine });
  });

const [imageType, tagType, pulledType] = ["image:Image", "tag:Tag", "remoteImage:RemoteImage"].map(
  (name) => `docker:index/${name}`,
) as [string, string, string];

const namesOf = (all: readonly Registered[], type: string) =>
  all.filter((each) => each.type === type).map(({ name }) => name);

test("every target is built in its order, from its own context, for its platform, and pushed nowhere", async () => {
  const chain = await chainOf(smallChain);
  const all = await registered(chain);
  expect(namesOf(all, imageType)).toEqual([...chain.graph.keys()]);
  const key = keyOf(chain, "base:runtime");
  expect(one(all, imageType, "base:runtime").inputs).toMatchObject({
    imageName: `strata.invalid/base/runtime:${key}`,
    skipPush: true,
    build: {
      context: `contexts/${key}`,
      dockerfile: `contexts/${key}/${DOCKERFILE}`,
      target: "runtime",
      platform: "linux/amd64",
    },
  });
});

test("a build gets the args of the key, and the jobs that this machine has memory for", async () => {
  const chain = await chainOf(changed({ "base/image.yaml": `${smallChain["base/image.yaml"]}peakGbPerJob: 5.3\n` }));
  const { build } = one(await registered(chain), imageType, "base:devel").inputs as { build: { args: object } };
  expect(build.args).toEqual({ TORCH_VERSION: "2.6.0", MAX_JOBS: "2" });
});

test("an image gets its target's name and each name that a Dockerfile calls it by", async () => {
  const chain = await chainOf(smallChain);
  const all = await registered(chain);
  const tags = all.filter(({ type }) => type === tagType).map(({ inputs }) => [inputs.targetImage, inputs.sourceImage]);
  const source = (target: string) => `strata.invalid/${target.replace(":", "/")}:${keyOf(chain, target)}`;
  expect(tags).toEqual(
    expect.arrayContaining([
      ["base:devel", source("base:devel")],
      ["base:runtime", source("base:runtime")],
      ["lib:runtime", source("lib:runtime")],
      // app's Dockerfile says FROM lib.
      ["lib", source("lib:runtime")],
      ["app:runtime", source("app:runtime")],
    ]),
  );
});

test("a name moves when an image was built again, also under the same key", async () => {
  const all = await registered(await chainOf(smallChain));
  expect(one(all, tagType, "lib").inputs.tagTriggers).toEqual(["sha256:built"]);
});

test("a base is pulled once, by the locked digest, and stays when the stack goes", async () => {
  const all = await registered(await chainOf(smallChain));
  const pinned = `docker.io/library/debian@${DIGEST}`;
  expect(one(all, pulledType).inputs).toEqual({ name: pinned, platform: "linux/amd64", keepLocally: true });
  expect(one(all, tagType, "debian:12").inputs).toMatchObject({ sourceImage: pinned, targetImage: "debian:12" });
});

test("a base that is written with its digest is left to Docker", async () => {
  const dockerfile = `FROM debian:12@${DIGEST} AS runtime\n`;
  const all = await registered(await chainOf({ "app/image.yaml": settings(), "app/Dockerfile": dockerfile }));
  expect(namesOf(all, pulledType)).toEqual([]);
  expect(namesOf(all, tagType)).toEqual(["app:runtime"]);
});

test("a target that cannot be keyed, and those that need it, are left out", async () => {
  const all = await registered(await chainOf(changed({ "lib/Dockerfile": "FROM alpine:3 AS runtime\n" })));
  expect(namesOf(all, imageType)).toEqual(["base:devel", "base:runtime"]);
});

test("everything stands below the component", async () => {
  const [component, ...others] = await registered(await chainOf(smallChain));
  expect(component?.path).toBe("strata:index:WorkstationImages");
  for (const { path, type } of others) expect(path).toBe(`strata:index:WorkstationImages$${type}`);
});

describe("contexts", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "strata-contexts-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("hold the files in a target's key and its Dockerfile, in a folder named by the key", async () => {
    const chain = await chainOf({ ...smallChain, "base/unread": "nobody reads this\n" });
    const contexts = await unpackContexts(chain, folder);
    const context = contexts.get("base:runtime") ?? "";
    expect(context).toBe(join(folder, keyOf(chain, "base:runtime")));
    expect(readdirSync(context, { recursive: true }).sort()).toEqual([DOCKERFILE, "base", "base/requirements.lock"]);
    expect(readFileSync(join(context, DOCKERFILE), "utf8")).toBe(smallChain["base/Dockerfile"]);
    expect([...contexts.keys()]).toEqual([...chain.graph.keys()]);
  });

  test("have the same modes and times whatever the umask is", async () => {
    const before = process.umask(0o077);
    try {
      const context = (await unpackContexts(await chainOf(smallChain), folder)).get("lib:runtime") ?? "";
      const { mode, mtimeMs } = statSync(join(context, "lib/tool"));
      expect([mode & 0o777, mtimeMs]).toEqual([0o644, Date.UTC(1980, 0, 2)]);
      expect(statSync(context).mode & 0o777).toBe(0o755);
    } finally {
      process.umask(before);
    }
  });

  test("are laid out once: what is there is not written again", async () => {
    const chain = await chainOf(smallChain);
    const context = (await unpackContexts(chain, folder)).get("lib:runtime") ?? "";
    writeFileSync(join(context, "mark"), "");
    const commented = await chainOf(changed({ "lib/Dockerfile": `# A comment.\n${smallChain["lib/Dockerfile"]}` }));
    expect((await unpackContexts(commented, folder)).get("lib:runtime")).toBe(context);
    expect(existsSync(join(context, "mark"))).toBe(true);
    expect(readFileSync(join(context, DOCKERFILE), "utf8")).not.toContain("comment");
  });

  test("laid out by two processes at once are whole, and nothing else is left", async () => {
    const chain = await chainOf(smallChain);
    await Promise.all([unpackContexts(chain, folder), unpackContexts(chain, folder), unpackContexts(chain, folder)]);
    expect(readdirSync(folder).sort()).toEqual(
      [...chain.chain.targets.values()].map(({ inputs }) => inputs.key).sort(),
    );
  });

  test("that cannot be laid out leave nothing half done", async () => {
    const chain = await chainOf(smallChain);
    const edited = ({ context, ...image }: CatalogueImage): CatalogueImage => ({
      ...image,
      context: { ...context, read: (path) => (path === "lib/tool" ? Buffer.from("other") : context.read(path)) },
    });
    const graph = new Map([...chain.graph].map(([name, one]) => [name, { ...one, image: edited(one.image) }]));
    const broken = { ...chain, graph };
    await expect(unpackContexts(broken, folder)).rejects.toThrow("changed after its content went into the key");
    expect(readdirSync(folder)).not.toContain(keyOf(chain, "lib:runtime"));
    expect(readdirSync(folder).filter((name) => name.includes("."))).toEqual([]);
  });
});
