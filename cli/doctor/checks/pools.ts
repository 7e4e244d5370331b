import { read } from "../ask.ts";
import { bringUp, type Check, good, type Patient, wrong } from "../finding.ts";
import { namesIn } from "../names.ts";

interface Pool {
  readonly state?: string;
  readonly privatePoolV1Config?: { readonly workerConfig?: { readonly machineType?: string } };
}

/** One pool for each machine of the catalogue, of that machine and running. */
export const poolsCheck: Check = {
  subject: "pools",
  asksGoogle: true,
  async run(patient) {
    const { settings, machines } = patient;
    if (settings.promoteFrom !== undefined) return good("none needed: this environment never builds");
    const wanted = [...new Set(machines.map((machine) => settings.machines[machine] ?? machine))];
    const found = await Promise.all(wanted.map((machine) => problemOf(patient, machine)));
    const problems = found.filter((problem) => problem !== undefined);
    if (problems.length === 0) return good(`${wanted.length} run: ${wanted.join(", ")}`);
    return wrong(problems.join("; "), bringUp(patient));
  },
};

async function problemOf({ api, settings }: Patient, machine: string): Promise<string | undefined> {
  const name = namesIn(settings.environment).pool(machine);
  const pool = await read<Pool>(api, "cloudBuild", name, `read the pool of ${machine}`);
  if (pool === undefined) return `there is no pool of ${machine}`;
  if (pool.state !== undefined && pool.state !== "RUNNING") return `the pool of ${machine} is ${pool.state}`;
  const made = pool.privatePoolV1Config?.workerConfig?.machineType;
  return made === machine ? undefined : `the pool of ${machine} has the machine ${made ?? "that Google chose"}`;
}
