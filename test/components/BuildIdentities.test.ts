import { BuildIdentities } from "../../components/BuildIdentities.ts";
import { environment, type Registered, registeredBy } from "./mocks.ts";

const publisher = "serviceAccount:strata-dev-publisher@acme-images.iam.gserviceaccount.com";
const checker = "serviceAccount:strata-dev-checker@acme-images.iam.gserviceaccount.com";

let all: readonly Registered[];
beforeAll(async () => {
  all = await registeredBy(
    () => new BuildIdentities("identities", { environment, publishers: ["group:leads@example.com"] }),
  );
});

const rolesOf = (member: string, type: string) =>
  all.filter((each) => each.type === type && each.inputs.member === member).map(({ inputs }) => inputs.role);

test("two accounts, and no key for either", () => {
  const accounts = all.filter(({ type }) => type === "gcp:serviceaccount/account:Account");
  expect(accounts.map(({ inputs }) => inputs.accountId)).toEqual(["strata-dev-publisher", "strata-dev-checker"]);
  expect(all.some(({ type }) => type.startsWith("gcp:serviceaccount/key"))).toBe(false);
});

test("on the project the publisher has exactly what Google binds nowhere else", () => {
  expect(rolesOf(publisher, "gcp:projects/iAMMember:IAMMember").sort()).toEqual([
    "roles/cloudbuild.builds.editor",
    "roles/cloudbuild.workerPoolUser",
    "roles/cloudbuild.workerPoolViewer",
    "roles/logging.logWriter",
    "roles/serviceusage.serviceUsageViewer",
  ]);
});

test("on the project the checker may write logs and nothing else", () => {
  expect(rolesOf(checker, "gcp:projects/iAMMember:IAMMember")).toEqual(["roles/logging.logWriter"]);
});

test("only the publisher and those who may publish by hand act as the publisher; the checker never does", () => {
  const onAccount = all.filter(({ type }) => type === "gcp:serviceaccount/iAMMember:IAMMember");
  expect(Object.fromEntries(onAccount.map(({ inputs }) => [inputs.member, inputs.role]))).toEqual({
    [publisher]: "roles/iam.serviceAccountUser",
    "group:leads@example.com": "roles/iam.serviceAccountTokenCreator",
  });
  for (const { inputs } of onAccount) expect(inputs.serviceAccountId).toContain("strata-dev-publisher");
});
