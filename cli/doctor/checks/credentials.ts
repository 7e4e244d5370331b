import { read } from "../ask.ts";
import { type Check, good, wrong } from "../finding.ts";

/** Whether this account may ask about the project at all. Says where the credentials come from, and nothing of them. */
export const credentialsCheck: Check = {
  subject: "credentials",
  asksGoogle: true,
  async run({ api, env, settings }) {
    const { project } = settings.environment;
    const service = `projects/${project}/services/serviceusage.googleapis.com`;
    const found = await read(api, "serviceUsage", service, `ask about the project ${project}`);
    if (found === undefined) return wrong(`there is no project ${project}`, `gcloud projects create ${project}`);
    const from = env.GOOGLE_OAUTH_ACCESS_TOKEN ? "GOOGLE_OAUTH_ACCESS_TOKEN" : "Application Default Credentials";
    return good(`${from} may ask about the project ${project}`);
  },
};
