import { renameSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { UserError } from "../chain/errors.ts";
import { type PageServer, servePage } from "../page/serve.ts";
import { viewOfBuilds } from "./buildsView.ts";
import type { WorkerName } from "./cloud.ts";
import { type ServerInfo, serverFile } from "./process.ts";
import { type LocalCloud, startLocalCloud } from "./server.ts";

/** The process that `strata local up` leaves running: one server, until it is told to stop. */
const { values } = parseArgs({
  options: {
    directory: { type: "string" },
    port: { type: "string" },
    project: { type: "string", multiple: true },
    services: { type: "string" },
    "time-scale": { type: "string" },
    "operation-delay": { type: "string" },
    worker: { type: "string" },
  },
});
const directory = values.directory ?? ".strata/local";

try {
  const running = await startLocalCloud({
    directory,
    port: Number(values.port ?? 0),
    projects: values.project ?? [],
    services: values.services === "all" ? "all" : "initial",
    settings: {
      ...(values["time-scale"] !== undefined && { timeScale: Number(values["time-scale"]) }),
      ...(values["operation-delay"] !== undefined && { operationDelayMs: Number(values["operation-delay"]) }),
      ...(values.worker !== undefined && { worker: values.worker as WorkerName }),
    },
  });
  const page = await pageBeside(running);
  const info: ServerInfo = {
    origin: running.origin,
    page: page.url,
    pid: process.pid,
    token: running.operatorToken,
  };
  // Whoever waits for the file finds it whole.
  writeFileSync(`${serverFile(directory)}.new`, JSON.stringify(info), { mode: 0o600 });
  renameSync(`${serverFile(directory)}.new`, serverFile(directory));
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      rmSync(serverFile(directory), { force: true });
      void Promise.all([page.close(), running.close()]).then(() => process.exit(0));
    });
  }
} catch (error) {
  process.stderr.write(
    `${error instanceof UserError ? error.message : error instanceof Error ? error.stack : error}\n`,
  );
  // Not only its code: a server that listens already would keep the process alive.
  process.exit(1);
}

/** The page of the cloud's builds: on the port behind the cloud's own, or a free one where that is taken. */
async function pageBeside({ origin, cloud }: LocalCloud): Promise<PageServer> {
  const view = () => viewOfBuilds(cloud);
  try {
    return await servePage({ view, port: (Number(new URL(origin).port) + 1) % 65_536 });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return servePage({ view, port: 0 });
  }
}
