import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { LocalWorkspace, PulumiCommand, type PulumiFn, type Stack } from "@pulumi/pulumi/automation/index.js";

/** What Pulumi is started with. */
export interface PulumiOptions {
  /** A folder for its state; whoever made it takes it away. */
  readonly folder: string;
  /** Path of Pulumi's command. */
  readonly command: string;
  /** The plugin that is stood in for, in a process of its own as a plugin is. */
  readonly standIn: "gcp" | "docker";
  /** Variables that lead Pulumi and the stand-in to the cloud or the daemon. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The real Pulumi engine with a file backend, the repository's provider, and a stand-in for a plugin. */
export interface Pulumi {
  /** What a process needs that runs the same engine. */
  readonly environment: Readonly<Record<string, string>>;
  /** A stack of an environment, with its configuration. */
  stack(name: string, config: Readonly<Record<string, string>>, program: PulumiFn): Promise<Stack>;
  /** Ends the stand-in. */
  stop(): void;
}

const ROOT = join(__dirname, "../..");

/** As Pulumi.yaml, except that the program is a function of the test. */
const PROJECT = `name: strata
runtime: nodejs
plugins:
  providers:
    - name: strata
      path: ${join(ROOT, "provider")}
`;

/** Makes Pulumi ready in a folder, and starts the stand-in. */
export async function startPulumi({ folder, command, standIn, environment }: PulumiOptions): Promise<Pulumi> {
  // The Automation API looks for bin/pulumi below a root.
  mkdirSync(join(folder, "bin"));
  symlinkSync(command, join(folder, "bin", "pulumi"));
  writeFileSync(join(folder, "Pulumi.yaml"), PROJECT);
  const plugin = await startStandIn(standIn, environment);
  const envVars = {
    ...environment,
    PULUMI_HOME: join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_DEBUG_PROVIDERS: `${standIn}:${plugin.port}`,
  };
  const pulumiCommand = await PulumiCommand.get({ root: folder });
  return {
    environment: envVars,
    async stack(stackName, config, program) {
      const stack = await LocalWorkspace.createOrSelectStack(
        { stackName, projectName: "strata", program },
        { envVars, pulumiCommand, pulumiHome: envVars.PULUMI_HOME, workDir: folder },
      );
      await stack.setAllConfig(
        Object.fromEntries(Object.entries(config).map(([key, value]) => [key, { value }])),
        true,
      );
      return stack;
    },
    stop: plugin.stop,
  };
}

async function startStandIn(
  provider: PulumiOptions["standIn"],
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly port: string; stop(): void }> {
  const child = spawn("node", [join(ROOT, "local", `${provider}StandIn`, "main.ts")], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [port] = await once(createInterface(child.stdout), "line");
  return { port, stop: () => void child.kill() };
}
