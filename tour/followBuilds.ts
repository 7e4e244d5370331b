import { setTimeout as sleep } from "node:timers/promises";
import type { BuildListener } from "../builder/events.ts";
import { follow } from "../builder/follow.ts";
import { keyTag } from "../builder/request.ts";
import type { BuildSettings } from "../builder/settings.ts";
import type { Plan } from "../chain/plan.ts";
import type { BuildService } from "../cloud/buildService.ts";
import { GoogleApi } from "../cloud/google/api.ts";
import { CloudBuild } from "../cloud/google/cloudBuild.ts";

/** Pause between two looks at the local cloud, in milliseconds: nobody limits how often one looks there. */
const LOOK_MS = 250;

/**
 * Tells how the builds of a plan get on while somebody else, a Pulumi command, submits them and waits for them.
 *
 * @returns ends it.
 */
export function followBuilds(
  plan: Plan,
  { project, region, store }: BuildSettings,
  environment: NodeJS.ProcessEnv,
  tell: BuildListener,
): () => void {
  const builds = new CloudBuild(new GoogleApi({ environment }), { project, region, logsBucket: `gs://${store}/logs` });
  const end = new AbortController();
  for (const { target, key, action } of plan.targets) {
    if (action === "build" && key !== undefined) void followOne(builds, target, key, tell, end.signal);
  }
  return () => end.abort();
}

async function followOne(
  builds: BuildService,
  target: string,
  key: string,
  tell: BuildListener,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (; !signal.aborted; await sleep(LOOK_MS, undefined, { signal })) {
      const build = await builds.running(keyTag(key));
      if (build === undefined) continue;
      tell({ kind: "QUEUED", target, build: build.id });
      await follow(builds, target, build, tell, { pollMs: LOOK_MS, detach: signal });
      return;
    }
  } catch {
    // Who submitted the build reports whatever goes wrong; a display has nothing more to show.
  }
}
