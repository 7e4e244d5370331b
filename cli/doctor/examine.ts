import { UserError } from "../../chain/errors.ts";
import { GoogleError } from "../../cloud/google/api.ts";
import { UnreachableError } from "../../cloud/http.ts";
import { TransientError } from "../../cloud/retry.ts";
import { errorMessage } from "../../cloud/systemError.ts";
import { bucketsCheck } from "./checks/buckets.ts";
import { clockCheck } from "./checks/clock.ts";
import { connectionCheck } from "./checks/connection.ts";
import { credentialsCheck } from "./checks/credentials.ts";
import { dockerCheck } from "./checks/docker.ts";
import { locksCheck } from "./checks/locks.ts";
import { nodeCheck } from "./checks/node.ts";
import { poolsCheck } from "./checks/pools.ts";
import { pulumiCheck } from "./checks/pulumi.ts";
import { quotaCheck } from "./checks/quota.ts";
import { registryCheck } from "./checks/registry.ts";
import { servicesCheck } from "./checks/services.ts";
import { toolCheck } from "./checks/tool.ts";
import { type Check, type Finding, type Patient, wrong } from "./finding.ts";

/** What was found about one subject. */
export type Result = Finding & { readonly subject: string };

const ON_THIS_MACHINE: readonly Check[] = [nodeCheck(process.versions.node), pulumiCheck];

/** What an environment on Google Cloud needs, in the order in which one check is of use only when those before it are good. */
export const CHECKS: readonly Check[] = [
  ...ON_THIS_MACHINE,
  clockCheck,
  credentialsCheck,
  servicesCheck,
  quotaCheck,
  poolsCheck,
  registryCheck,
  bucketsCheck,
  toolCheck,
  connectionCheck,
  locksCheck,
];

/** What an environment needs that this machine's Docker builds. */
const WORKSTATION_CHECKS: readonly Check[] = [...ON_THIS_MACHINE, dockerCheck];

/** No check takes longer, in milliseconds. */
export const LIMIT_MS = 20_000;

/**
 * Looks at everything at once. What asks Google Cloud waits for the credentials to be found good, so that one mistake
 * is told once.
 */
export async function examine(
  patient: Patient,
  checks = patient.settings.builder === "docker" ? WORKSTATION_CHECKS : CHECKS,
  limitMs = LIMIT_MS,
): Promise<readonly Result[]> {
  const asked = checks.some(({ asksGoogle }) => asksGoogle);
  const first = asked ? look(credentialsCheck, patient, limitMs) : undefined;
  return Promise.all(
    checks.map(async (check) => {
      const credentials = check.asksGoogle ? await first : undefined;
      if (credentials === undefined) return look(check, patient, limitMs);
      if (check === credentialsCheck) return credentials;
      if (credentials.state === "good") return look(check, patient, limitMs);
      return { subject: check.subject, state: "unknown", says: "not asked, because of the credentials" };
    }),
  );
}

async function look({ subject, run }: Check, patient: Patient, limitMs: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    const says = `no answer for ${limitMs / 1000} s`;
    timer = setTimeout(() => resolve({ state: "wrong", says, fix: "check the network, then run it again" }), limitMs);
  });
  try {
    return { subject, ...(await Promise.race([run(patient).catch(failure), late])) };
  } finally {
    clearTimeout(timer);
  }
}

/** What a check could not find out, and why. */
function failure(error: unknown): Finding {
  if (error instanceof UserError) {
    const { problem, value, fix } = error.detail;
    if (isApiOff(value ?? "")) return { state: "unknown", says: "not asked, because its API is not enabled" };
    return { state: "wrong", says: value === undefined ? problem : `${problem}: ${value}`, ...(fix && { fix }) };
  }
  if (error instanceof GoogleError) {
    const says = `Google Cloud answered ${error.status}: ${error.message}`;
    return wrong(says, "check the project, the region and the references that the environment's configuration names");
  }
  if (error instanceof UnreachableError || error instanceof TransientError) {
    return wrong(errorMessage(error), "check the network (name, proxy, firewall), then run it again");
  }
  return wrong(errorMessage(error), "run it again; if it says the same, this is a defect of the check");
}

/** Google's words for a call to an API that the project has not enabled. */
const isApiOff = (message: string) => /has not been used in project|it is disabled/.test(message);
