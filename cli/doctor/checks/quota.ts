import { machineNamed } from "../../../chain/machines.ts";
import { quotaOf } from "../../../chain/schedule.ts";
import { buildCpuQuota } from "../../../cloud/google/quota.ts";
import { type Check, type Finding, good, type Patient } from "../finding.ts";

/** Whether the vCPUs of builds in the region are enough for the largest machine of each quota. */
export const quotaCheck: Check = {
  subject: "quota",
  asksGoogle: true,
  async run(patient) {
    if (patient.settings.promoteFrom !== undefined) return good("none needed: this environment never builds");
    const machines = patient.machines.map((machine) => machineNamed(patient.settings.machines[machine] ?? machine));
    const quotas = Map.groupBy(machines, ({ name }) => quotaOf(name));
    const answers = await Promise.all([...quotas].map(([quota, used]) => compare(patient, quota, used)));
    const short = answers.filter(({ fix }) => fix !== undefined);
    if (short.length === 0) return good(answers.map(({ says }) => says).join("; "));
    const fix = short.map((one) => one.fix).join("; ");
    return { state: "wrong", says: short.map(({ says }) => says).join("; "), fix };
  },
};

async function compare(
  { api, settings: { environment } }: Patient,
  quota: string,
  used: readonly { readonly name: string; readonly vCpus: number }[],
): Promise<Finding> {
  const limit = (await buildCpuQuota(api, environment, quota)) ?? Number.POSITIVE_INFINITY;
  const largest = used.reduce((one, other) => (other.vCpus > one.vCpus ? other : one));
  const allowed = Number.isFinite(limit) ? `${limit} vCPUs` : "any number of vCPUs";
  const says = `${quota} allows ${allowed} in ${environment.region}, ${largest.name} needs ${largest.vCpus}`;
  if (limit >= largest.vCpus) return good(says);
  const page = `https://console.cloud.google.com/iam-admin/quotas?project=${environment.project}`;
  const fix = `ask for ${largest.vCpus} vCPUs of cloudbuild.googleapis.com/${quota} in ${environment.region} at ${page}`;
  return { state: "wrong", says, fix };
}
