import childProcess from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { image } from "../../local/dockerStandIn/image.ts";

const { DOCKER_HOST } = process.env;
const folder = mkdtempSync(join(tmpdir(), "strata-docker-"));

/** A daemon that takes every build for a good one, however little of a context it was given. */
let taken = 0;
const daemon = createServer((request, response) => {
  request.resume().once("end", () => {
    taken += 1;
    response.end('{"stream":"done"}\n');
  });
});

beforeAll(async () => {
  const socket = join(folder, "socket");
  await new Promise<void>((resolve) => daemon.listen(socket, resolve));
  process.env.DOCKER_HOST = `unix://${socket}`;
});
afterAll(() => {
  if (DOCKER_HOST === undefined) delete process.env.DOCKER_HOST;
  else process.env.DOCKER_HOST = DOCKER_HOST;
  daemon.closeAllConnections();
  daemon.close();
  rmSync(folder, { recursive: true });
});

test("a context that cannot be read to its end is an error, and no image without a part of it", async () => {
  const context = join(folder, "context");
  mkdirSync(context);
  writeFileSync(join(context, "Dockerfile"), "FROM scratch\n");
  const tar = childProcess.spawn("sh", ["-c", "echo a part of it; exit 2"]);
  jest.spyOn(childProcess, "spawn").mockReturnValueOnce(tar);
  const made = image.create({ imageName: "one:1", build: { context }, skipPush: true });
  await expect(made).rejects.toThrow("tar could not read all of");
  expect(taken).toBe(0);
});
