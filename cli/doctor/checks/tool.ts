import { parseReference } from "../../../chain/reference.ts";
import { read } from "../ask.ts";
import { type Check, good, wrong } from "../finding.ts";

/** The image that the steps of a build run in, where it is in Artifact Registry; others are not asked about. */
export const toolCheck: Check = {
  subject: "tool",
  asksGoogle: true,
  async run({ api, settings: { tool } }) {
    if (tool === undefined) return good("none needed: strata:tool is not set, so nothing is built here");
    const { registry, repository, tag, digest } = parseReference(tool);
    const [, location] = /^([a-z0-9-]+)-docker\.pkg\.dev$/.exec(registry) ?? [];
    const [project, store, ...image] = repository.split("/");
    if (location === undefined) return { state: "unknown", says: `${tool} is not in Artifact Registry` };
    const version = digest === undefined ? `tags/${tag ?? "latest"}` : `versions/${digest}`;
    const name = `projects/${project}/locations/${location}/repositories/${store}/packages/${encodeURIComponent(image.join("/"))}/${version}`;
    const found = await read(api, "artifactRegistry", name, `look for the image ${tool}`);
    if (found !== undefined) return good(tool);
    return wrong(
      `there is no image ${tool}: a build has nothing to run in`,
      "see docs/getting-started.md#the-tool-image",
    );
  },
};
