import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { down, type ServerInfo, up } from "../local/process.ts";
import { median, type Row } from "./measure.ts";

const STARTS = 5;
const REQUESTS = 6000;
const AT_ONCE = 4;
/** Ticks of the processor's clock in a second, as `/proc` counts them. */
const TICKS = 100;

const PROJECT = "acme-images-dev";
const LOCATION = `projects/${PROJECT}/locations/us-east4`;

/** The local Google Cloud: how soon it answers, and how much of one core an answer takes. */
export async function rows(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), "strata-bench-double-"));
  try {
    const start = await startSeconds(folder);
    const each = await secondsOfOneCore(folder);
    return [
      {
        work: "local cloud: start of its process until it answers",
        against: "",
        ours: start,
        unit: "s",
        goal: "under 0.5 s",
        met: start < 0.5,
      },
      {
        work: "local cloud: time of one core for a request, half of them writes",
        against: "",
        ours: each * 1e6,
        unit: "µs",
        goal: "at least 1,000 requests a second",
        met: each < 1 / 1000,
      },
    ];
  } finally {
    await down(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

const cloudIn = (directory: string) => up({ directory, port: 0, projects: [PROJECT], allServices: true });

async function startSeconds(folder: string): Promise<number> {
  const all: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const began = performance.now();
    await cloudIn(folder);
    all.push((performance.now() - began) / 1000);
    await down(folder);
  }
  return median(all);
}

interface Request {
  readonly verb: string;
  readonly path: string;
  readonly body?: string;
}

/**
 * What an update and its builds ask for, in turns: a resource, its policy, whether an image is there, an object written
 * under a name of its own, a build that ends at once, a policy written.
 */
function mixed(index: number): Request {
  const repository = `/artifactregistry/v1/${LOCATION}/repositories/images`;
  const requests: readonly Request[] = [
    { verb: "GET", path: repository },
    { verb: "POST", path: `/upload/storage/v1/b/bench/o?uploadType=media&name=locks/${index}`, body: `${index}` },
    { verb: "GET", path: `${repository}:getIamPolicy` },
    { verb: "POST", path: `${repository}:setIamPolicy`, body: JSON.stringify({ policy: { bindings: [] } }) },
    { verb: "HEAD", path: `/v2/${PROJECT}/images/app/run/manifests/${"a".repeat(64)}` },
    { verb: "PUT", path: `/pubsub/v1/projects/${PROJECT}/topics/topic-${index}`, body: "{}" },
  ];
  return requests[index % requests.length] ?? { verb: "GET", path: repository };
}

async function secondsOfOneCore(folder: string): Promise<number> {
  const server = await cloudIn(folder);
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const repositories = `/artifactregistry/v1/${LOCATION}/repositories?repositoryId=images`;
  await send(server, agent, { verb: "POST", path: `/storage/v1/b?project=${PROJECT}`, body: '{"name":"bench"}' });
  await send(server, agent, { verb: "POST", path: repositories, body: '{"format":"DOCKER"}' });
  // The first of each kind compiles what answers it.
  for (let index = 0; index < 600; index++) await send(server, agent, mixed(index));
  const before = coreSeconds(server.pid);
  let next = 600;
  const lane = async () => {
    while (next < 600 + REQUESTS) await send(server, agent, mixed(next++));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  agent.destroy();
  return (coreSeconds(server.pid) - before) / REQUESTS;
}

/** Seconds that all threads of a process have had of a core so far. */
function coreSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Makes a request to its end. Any answer but success, or 404 for the image that is looked for, ends the benchmark. */
function send({ origin, token }: ServerInfo, agent: Agent, { verb, path, body }: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const call = request(`${origin}${path}`, { method: verb, agent, headers }, (response) => {
      const { statusCode = 0 } = response;
      const fine = statusCode < 300 || (verb === "HEAD" && statusCode === 404);
      response.resume().on("end", () => (fine ? resolve() : reject(new Error(`${verb} ${path}: ${statusCode}`))));
    });
    call.on("error", reject).end(body);
  });
}
