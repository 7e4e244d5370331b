import { servicesNeeded } from "../../../components/servicesNeeded.ts";
import { readPages } from "../ask.ts";
import { type Check, good, wrong } from "../finding.ts";

interface Page {
  readonly services?: readonly { readonly name: string }[];
  readonly nextPageToken?: string;
}

/** The Google APIs that the environment uses. */
export const servicesCheck: Check = {
  subject: "APIs",
  asksGoogle: true,
  async run({ api, settings }) {
    const { project } = settings.environment;
    const enabled = new Set<string>();
    const query = { filter: "state:ENABLED", pageSize: "200" };
    const list = `projects/${project}/services`;
    for await (const page of readPages<Page>(api, "serviceUsage", list, query, "list the enabled APIs")) {
      for (const { name } of page.services ?? []) enabled.add(name.split("/").at(-1) ?? "");
    }
    const needed = servicesNeeded(settings);
    const missing = needed.filter((service) => !enabled.has(service));
    if (missing.length === 0) return good(`all ${needed.length} are enabled`);
    const says = `${missing.length} of ${needed.length} are not enabled: ${missing.join(", ")}`;
    return wrong(says, `gcloud services enable ${missing.join(" ")} --project ${project}`);
  },
};
