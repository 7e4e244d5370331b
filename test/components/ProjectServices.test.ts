import { ProjectServices } from "../../components/ProjectServices.ts";
import { environment, registeredBy } from "./mocks.ts";

const servicesWith = async (triggers: boolean) => {
  const all = await registeredBy(() => new ProjectServices("services", { environment, triggers }));
  return all.filter(({ type }) => type === "gcp:projects/service:Service");
};

test("an API stays on when the stack goes, for whoever else uses it", async () => {
  for (const { inputs } of await servicesWith(true)) {
    expect(inputs).toMatchObject({ project: "acme-images", disableOnDestroy: false });
  }
});

test("topics and schedules are enabled only where triggers are", async () => {
  const names = (all: Awaited<ReturnType<typeof servicesWith>>) => all.map(({ inputs }) => inputs.service);
  expect(names(await servicesWith(false))).not.toContain("pubsub.googleapis.com");
  expect(names(await servicesWith(true))).toEqual(
    expect.arrayContaining(["pubsub.googleapis.com", "cloudscheduler.googleapis.com", "cloudbuild.googleapis.com"]),
  );
});

test("every API is a child of the component", async () => {
  for (const { path } of await servicesWith(true)) {
    expect(path).toBe("strata:index:ProjectServices$gcp:projects/service:Service");
  }
});
