import { rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { UserError } from "../chain/errors.ts";
import { type ServerInfo, serverFile } from "./process.ts";
import { startLocalCloud } from "./server.ts";

/** The process that `strata local up` leaves running: one server, until it is told to stop. */
const { values } = parseArgs({
  options: {
    directory: { type: "string" },
    port: { type: "string" },
    project: { type: "string", multiple: true },
    services: { type: "string" },
    "time-scale": { type: "string" },
    "operation-delay": { type: "string" },
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
    },
  });
  const info: ServerInfo = { origin: running.origin, pid: process.pid, token: running.operatorToken };
  writeFileSync(serverFile(directory), JSON.stringify(info), { mode: 0o600 });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      rmSync(serverFile(directory), { force: true });
      void running.close().then(() => process.exit(0));
    });
  }
} catch (error) {
  process.stderr.write(
    `${error instanceof UserError ? error.message : error instanceof Error ? error.stack : error}\n`,
  );
  process.exitCode = 1;
}
