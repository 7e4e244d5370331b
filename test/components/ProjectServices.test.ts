import { ProjectServices, type ProjectServicesArgs } from "../../components/ProjectServices.ts";
import { environment, registeredBy } from "./mocks.ts";

const source = { repository: "https://github.com/acme/images.git", branch: "main", connection: "github" };
const dockerHub = { username: "acme", passwordSecret: "projects/acme-images/secrets/hub/versions/1" };

const servicesWith = async (settings: ProjectServicesArgs["settings"]) => {
  const all = await registeredBy(() => new ProjectServices("services", { environment, settings }));
  return all.filter(({ type }) => type === "gcp:projects/service:Service");
};
const namesWith = async (settings: ProjectServicesArgs["settings"]) =>
  (await servicesWith(settings)).map(({ inputs }) => `${inputs.service}`.replace(".googleapis.com", ""));

test("an API stays on when the stack goes, for whoever else uses it", async () => {
  for (const { inputs } of await servicesWith({ source })) {
    expect(inputs).toMatchObject({ project: "acme-images", disableOnDestroy: false });
  }
});

test("topics and schedules are enabled only where triggers are, secrets where one is read", async () => {
  const more = ["cloudscheduler", "pubsub", "secretmanager"];
  const those = async (settings: ProjectServicesArgs["settings"]) =>
    (await namesWith(settings)).filter((service) => more.includes(service));
  expect(await those({})).toEqual([]);
  expect(await those({ dockerHub })).toEqual(["secretmanager"]);
  expect(await those({ source })).toEqual(more);
  expect(await namesWith({})).toEqual(expect.arrayContaining(["artifactregistry", "cloudbuild", "iam", "storage"]));
});

test("Resource Manager, which enabling any other asks for the project, comes first and once", async () => {
  const names = await namesWith({ source, dockerHub });
  expect(names[0]).toBe("cloudresourcemanager");
  expect(new Set(names).size).toBe(names.length);
});

test("every API is a child of the component", async () => {
  for (const { path } of await servicesWith({ source })) {
    expect(path).toBe("strata:index:ProjectServices$gcp:projects/service:Service");
  }
});
