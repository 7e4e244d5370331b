import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultLogins, isGoogleRegistry } from "../../cloud/registry/credentials.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "strata-docker-config-"));
});

afterEach(() => rm(folder, { recursive: true }));

const encoded = (login: string) => ({ auth: Buffer.from(login).toString("base64") });

test("what docker login stored is used for its registry only", async () => {
  const auths = { "registry.example:5000": encoded("ann:pa:ss"), "https://index.docker.io/v1/": encoded("bob:secret") };
  await writeFile(join(folder, "config.json"), JSON.stringify({ auths, credsStore: "desktop" }));
  const logins = defaultLogins({ DOCKER_CONFIG: folder });
  expect(await logins("registry.example:5000")).toEqual({ kind: "password", user: "ann", password: "pa:ss" });
  expect(await logins("docker.io")).toEqual({ kind: "password", user: "bob", password: "secret" });
  expect(await logins("registry.example")).toEqual({ kind: "anonymous" });
});

test("without a configuration file every registry is asked anonymously", async () => {
  expect(await defaultLogins({ DOCKER_CONFIG: folder })("docker.io")).toEqual({ kind: "anonymous" });
});

test("a configuration that is not JSON is an error that names the file", async () => {
  await writeFile(join(folder, "config.json"), "{");
  await expect(defaultLogins({ DOCKER_CONFIG: folder })("docker.io")).rejects.toThrow(join(folder, "config.json"));
});

test("Google's token goes to Google's registries and to where the endpoint variable moves them, nowhere else", async () => {
  const environment = {
    DOCKER_CONFIG: folder,
    GOOGLE_OAUTH_ACCESS_TOKEN: "ya29.test",
    GOOGLE_ARTIFACT_REGISTRY_CUSTOM_ENDPOINT: "http://127.0.0.1:9931/artifactregistry/v1/",
  };
  const logins = defaultLogins(environment);
  const token = { kind: "token", token: "ya29.test" };
  expect(await logins("us-east4-docker.pkg.dev")).toEqual(token);
  expect(await logins("127.0.0.1:9931")).toEqual(token);
  for (const other of ["docker.io", "127.0.0.1:9932", "pkg.dev.example.com", "evil-docker.pkg.dev.example"]) {
    expect(await logins(other)).toEqual({ kind: "anonymous" });
  }
  expect(isGoogleRegistry("127.0.0.1:9931", {})).toBe(false);
});
