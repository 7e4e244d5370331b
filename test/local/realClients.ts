/**
 * What Google's own Node clients do against a local cloud, in a process of their own: they load parts of themselves by
 * dynamic import, which Jest's sandbox cannot. Called with a scenario's name, the origin and a token; a property that
 * does not hold ends the process with its assertion.
 */
import assert from "node:assert/strict";
import { ArtifactRegistryClient } from "@google-cloud/artifact-registry";
import { CloudBuildClient, protos } from "@google-cloud/cloudbuild";
import { Storage } from "@google-cloud/storage";
import { OAuth2Client } from "google-auth-library";

const [scenario = "", origin = "", token = ""] = process.argv.slice(2);
const projectId = "proj-test";
const parent = `projects/${projectId}/locations/us-east4`;
const authClient = new OAuth2Client();
authClient.setCredentials({ access_token: token });

/** What Google's generated clients need to speak REST to another host. */
const { hostname, port } = new URL(origin);
const rest = { apiEndpoint: hostname, port: Number(port), protocol: "http", fallback: true, projectId };

async function withStorage(): Promise<void> {
  const storage = new Storage({ apiEndpoint: origin, projectId, authClient, useAuthWithCustomEndpoint: true });
  const [bucket] = await storage.createBucket("client-bucket", { location: "us-east4" });
  const [metadata] = await bucket.getMetadata();
  assert.equal(metadata.location, "US-EAST4");

  for (const resumable of [false, true]) {
    const content = Buffer.from(`${resumable} `.repeat(200_000));
    const file = bucket.file(`folder/${resumable} & more.txt`);
    const own = { contentType: "text/plain", metadata: { a: "b" } };
    // A resumable upload begins with the token only where it is begun apart: save() forgets it at a custom endpoint.
    const begun = resumable ? { uri: (await file.createResumableUpload({ metadata: own }))[0] } : {};
    await file.save(content, { resumable, metadata: own, validation: "crc32c", ...begun });
    const [back] = await file.download();
    assert.ok(back.equals(content), "the bytes come back");
    const [found] = await file.getMetadata();
    assert.deepEqual(
      [found.contentType, found.metadata, found.size],
      ["text/plain", { a: "b" }, String(content.length)],
    );
    const [part] = await file.download({ start: 2, end: 4 });
    assert.ok(part.equals(content.subarray(2, 5)), "a range comes back");
  }

  const lock = bucket.file("lock");
  const writers = Array.from({ length: 20 }, (_, index) =>
    lock.save(String(index), { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } }),
  );
  const results = await Promise.allSettled(writers);
  const refused = results.flatMap((result) => (result.status === "rejected" ? [result.reason.code] : []));
  assert.deepEqual(
    refused,
    Array.from({ length: 19 }, () => 412),
    "one of twenty writers creates the object",
  );
  const [{ generation }] = await lock.getMetadata();
  await assert.rejects(lock.delete({ ifGenerationMatch: Number(generation) + 1 }), { code: 412 });
  await lock.delete({ ifGenerationMatch: Number(generation) });
  assert.deepEqual(await lock.exists(), [false]);

  for (const name of ["list/a", "list/b/1", "list/b/2", "list/c"])
    await bucket.file(name).save("x", { resumable: false });
  const [files, , answer] = await bucket.getFiles({ prefix: "list/", delimiter: "/", autoPaginate: false });
  assert.deepEqual(
    files.map((file) => file.name),
    ["list/a", "list/c"],
  );
  assert.deepEqual((answer as { prefixes: string[] }).prefixes, ["list/b/"]);
  const [first, next] = await bucket.getFiles({ prefix: "list/", maxResults: 3, autoPaginate: false });
  const [rest] = await bucket.getFiles({ ...next, autoPaginate: false });
  assert.deepEqual(
    [...first, ...rest].map((file) => file.name),
    ["list/a", "list/b/1", "list/b/2", "list/c"],
  );

  await bucket.file("list/a").copy(bucket.file("copied"));
  await bucket.file("copied").setMetadata({ metadata: { k: "v" } });
  const [copied] = await bucket.file("copied").getMetadata();
  assert.deepEqual(copied.metadata, { k: "v" });

  const [policy] = await bucket.iam.getPolicy({ requestedPolicyVersion: 3 });
  policy.bindings = [{ role: "roles/storage.objectViewer", members: ["allUsers"] }];
  await bucket.iam.setPolicy(policy);
  const [after] = await bucket.iam.getPolicy({ requestedPolicyVersion: 3 });
  assert.deepEqual(after.bindings, policy.bindings);

  await assert.rejects(bucket.delete(), { code: 409 }, "a bucket with objects stays");
}

async function withCloudBuild(): Promise<void> {
  const client = new CloudBuildClient({ ...rest, authClient: authClient as never });
  const steps = [{ name: "alpine", args: ["true"] }];
  const build = { steps, tags: ["client"], timeout: { seconds: 600 } };
  const [operation] = await client.createBuild({ parent, projectId, build });
  const [ended] = await operation.promise();
  assert.equal(ended.status, protos.google.devtools.cloudbuild.v1.Build.Status.SUCCESS);
  const [read] = await client.getBuild({ projectId, id: String(ended.id), name: `${parent}/builds/${ended.id}` });
  assert.equal(read.status, "SUCCESS");
  const filter = 'tags="client" AND status="SUCCESS"';
  const [listed] = await client.listBuilds({ projectId, parent, filter });
  assert.deepEqual(
    listed.map((item) => item.id),
    [ended.id],
  );
  await assert.rejects(client.createBuild({ projectId, build: { steps: [] } }), /at least one step/);
  await client.close();
}

async function withArtifactRegistry(): Promise<void> {
  const client = new ArtifactRegistryClient({ ...rest, authClient: authClient as never });
  const repository = { format: "DOCKER" as const, labels: { a: "b" } };
  const [operation] = await client.createRepository({ parent, repositoryId: "client", repository });
  const [made] = await operation.promise();
  assert.deepEqual(made.labels, { a: "b" });
  const name = `${parent}/repositories/client`;
  await client.updateRepository({
    repository: { name, description: "changed" },
    updateMask: { paths: ["description", "labels"] },
  });
  const [repositories] = await client.listRepositories({ parent });
  assert.deepEqual(
    repositories.map((item) => [item.name, item.description, item.labels]),
    [[name, "changed", {}]],
  );
  await assert.rejects(client.getRepository({ name: `${parent}/repositories/none` }), /was not found/);
  await client.close();
}

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  storage: withStorage,
  cloudbuild: withCloudBuild,
  "artifact-registry": withArtifactRegistry,
};
await scenarios[scenario]?.();
process.stdout.write("done\n");
