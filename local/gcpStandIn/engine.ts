import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LocalWorkspace, PulumiCommand, type PulumiFn, type Stack } from "@pulumi/pulumi/automation/index.js";
import { stringify } from "yaml";
import { serve } from "../../provider/server.ts";
import { dockerStandIn } from "../dockerStandIn/provider.ts";
import { type Configuration, configure } from "./configuration.ts";
import { gcpStandIn } from "./provider.ts";
import { makeSecrets } from "./secrets.ts";

/** A stack on the real Pulumi engine, on a local Google Cloud or this machine's Docker. */
export interface EngineOptions {
  /** Where Pulumi keeps its state, its settings and its home; nothing of the user's own Pulumi is read or written. */
  readonly folder: string;
  /** The repository, which has the plugin `strata`. */
  readonly root: string;
  /** The stack's name. */
  readonly environment: string;
  readonly configuration: Configuration;
  /** The program: it runs in this process, which stands in for the language host. */
  readonly program: PulumiFn;
  /** Pulumi's command, as an absolute path. */
  readonly command: string;
}

/**
 * Opens a stack in a folder of its own, made where it is not there yet, as are the secrets that it names. The stand-ins
 * for pulumi-gcp and pulumi-docker are served by this process until it ends.
 */
export async function openStack(options: EngineOptions): Promise<Stack> {
  const { folder, root, environment, configuration, program, command } = options;
  mkdirSync(join(folder, "bin"), { recursive: true });
  // The Automation API looks for bin/pulumi below a root.
  rmSync(join(folder, "bin/pulumi"), { force: true });
  symlinkSync(command, join(folder, "bin/pulumi"));
  const plugins = { providers: [{ name: "strata", path: join(root, "provider") }] };
  writeFileSync(join(folder, "Pulumi.yaml"), stringify({ name: "strata", runtime: "nodejs", plugins }));
  configure(folder, environment, configuration);
  await makeSecrets(configuration);
  const envVars = {
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: process.env.PULUMI_CONFIG_PASSPHRASE ?? "local",
    PULUMI_DEBUG_PROVIDERS: `gcp:${await serve(gcpStandIn)},docker:${await serve(dockerStandIn)}`,
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  return LocalWorkspace.createOrSelectStack(
    { stackName: environment, projectName: "strata", program },
    {
      workDir: folder,
      envVars,
      pulumiHome: join(folder, "home"),
      pulumiCommand: await PulumiCommand.get({ root: folder }),
    },
  );
}
