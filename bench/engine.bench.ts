import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { environmentOf } from "../local/environment.ts";
import { down, up } from "../local/process.ts";
import { tool } from "../toolbox/tool.ts";
import { type Row, type Run, sideBySide, timed } from "./measure.ts";

const TURNS = 5;
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const COMMAND = join(ROOT, "bench/engineCommand.ts");

/**
 * The dev environment on the real Pulumi engine: from nothing to published images, and a preview with nothing to do
 * against that of a program with as many plain resources. Both are opened alike, each command a process of its own; the
 * local Google Cloud runs beside them, and builds are simulated.
 */
export async function rows(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "strata-bench-engine-"));
  const directory = join(folder, "cloud");
  try {
    const server = await up({ directory, port: 0, projects: ["acme-images-dev"], allServices: false });
    Object.assign(process.env, environmentOf(server.origin, server.token));
    const cli = (await tool("pulumi")).path;
    const pulumi = (command: string, environment: string, count = "0"): Run => {
      const words = ["--disable-warning=ExperimentalWarning", COMMAND, folder, command, environment, count, cli];
      return timed(process.execPath, words, ROOT);
    };

    const first = pulumi("up", "dev");
    const resources = first.output.trim();
    pulumi("up", "bare", resources);
    const preview = sideBySide(
      TURNS,
      () => pulumi("preview", "dev").seconds,
      () => pulumi("preview", "bare", resources).seconds,
    );
    return [
      {
        work: `pulumi preview of the dev environment, ${resources} resources, nothing to do`,
        against: "the same of a program with as many Pub/Sub topics",
        ours: preview.ours,
        theirs: preview.theirs,
        unit: "s",
        goal: "at most 0.5 s more",
        met: preview.ours - preview.theirs <= 0.5,
      },
      {
        work: "pulumi up of the dev environment from nothing, local cloud, simulated builds",
        against: "",
        ours: first.seconds,
        unit: "s",
        goal: "under 30 s",
        met: first.seconds < 30,
      },
    ];
  } finally {
    await down(directory);
    rmSync(folder, { recursive: true, force: true });
  }
}
