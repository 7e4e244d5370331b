#!/usr/bin/env node
import { rename, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { UserError } from "../chain/errors.ts";
import { sentence } from "./sentence.ts";
import { CompilerCacheService } from "./service.ts";
import { storeAt } from "./store.ts";

const usage = `Serves a compiler cache to ccache over HTTP and keeps it in a bucket, until it is told to stop (SIGTERM or SIGINT).
Then everything is stored and the statistics are printed as JSON.

  node compilerCache/main.ts --store gs://bucket/prefix [options]

  --store PLACE            gs://bucket/prefix, or the absolute path of a folder
  --read-only              serve entries and take none: for a build that is not trusted
  --host ADDRESS           address to listen on (127.0.0.1)
  --port N                 port to listen on (0: any that is free)
  --ready-file FILE        written once the service listens; holds the value for CCACHE_REMOTE_STORAGE
`;

/** How long the service stores what it has taken after it was told to stop, in milliseconds. */
const drainMs = 120_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      store: { type: "string" },
      "read-only": { type: "boolean", default: false },
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "0" },
      "ready-file": { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help || values.store === undefined) {
    process.stderr.write(usage);
    process.exitCode = values.help ? 0 : 1;
    return;
  }
  const service = await CompilerCacheService.start({
    ...storeAt(values.store),
    readOnly: values["read-only"],
    host: values.host,
    port: portFrom(values.port),
    tell: (event) => process.stderr.write(`compiler cache: ${sentence(event)}\n`),
  });
  const stop = async () => {
    process.off("SIGTERM", stop);
    process.off("SIGINT", stop);
    process.stdout.write(`${JSON.stringify(await service.stop(drainMs), undefined, 2)}\n`, () => process.exit());
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.stderr.write(`compiler cache: ${values.store} is served at ${service.address}\n`);
  const ready = values["ready-file"];
  if (ready !== undefined) {
    await writeFile(`${ready}.new`, service.remoteStorage);
    await rename(`${ready}.new`, ready);
  }
}

function portFrom(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UserError({ problem: "--port is not a port", value: text, allowed: "0 to 65535", fix: "leave it out" });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof UserError ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
