import { dirname } from "node:path";
import { type Daemon, startDaemon } from "./daemon.ts";
import type { Tool } from "./tool.ts";

/** A BuildKit daemon of this process's own; its address is what `buildctl --addr` and buildx's remote driver take. */
export type Buildkitd = Daemon;

/** What the daemon is made of. */
export interface BuildkitdOptions {
  readonly buildkitd: Tool;
  readonly runc: Tool;
  /** The folder that keeps its state from one start to the next; default: in memory, gone when it ends. */
  readonly root?: string;
}

/** Starts BuildKit. Needs root. RUN steps use this machine's network, where a build asks for it. */
export function startBuildkitd({ buildkitd, runc, root }: BuildkitdOptions): Promise<Buildkitd> {
  return startDaemon({
    name: "BuildKit",
    script: SCRIPT,
    env: {
      buildkitd: buildkitd.path,
      // The daemon looks for a "runc" on its PATH even where a flag names the program.
      PATH: `${dirname(runc.path)}:${process.env.PATH ?? ""}`,
    },
    needs: "root, unshare, overlay mounts and cgroups, as a virtual machine or a privileged container has them",
    ...(root !== undefined && { root }),
  });
}

const SCRIPT = `
exec "$buildkitd" --root "$state" --addr "unix://$folder/socket" --oci-worker-net host \
  --allow-insecure-entitlement network.host
`;
