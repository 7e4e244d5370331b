import { servicesNeeded } from "../../../components/servicesNeeded.ts";
import { read } from "../ask.ts";
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
    for (let token: string | undefined = ""; token !== undefined; ) {
      const query = new URLSearchParams({
        filter: "state:ENABLED",
        pageSize: "200",
        ...(token && { pageToken: token }),
      });
      const path = `projects/${project}/services?${query}`;
      const page: Page | undefined = await read<Page>(api, "serviceUsage", path, "list the enabled APIs");
      for (const { name } of page?.services ?? []) enabled.add(name.split("/").at(-1) ?? "");
      token = page?.nextPageToken;
    }
    const needed = servicesNeeded(settings.source !== undefined);
    const missing = needed.filter((service) => !enabled.has(service));
    if (missing.length === 0) return good(`all ${needed.length} are enabled`);
    const says = `${missing.length} of ${needed.length} are not enabled: ${missing.join(", ")}`;
    return wrong(says, `gcloud services enable ${missing.join(" ")} --project ${project}`);
  },
};
