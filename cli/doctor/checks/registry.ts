import { read } from "../ask.ts";
import { bringUp, type Check, good, wrong } from "../finding.ts";
import { namesIn } from "../names.ts";

interface Repository {
  readonly dockerConfig?: { readonly immutableTags?: boolean };
}

/** The repositories of images, layers and pull requests; a key's tag must not be movable. */
export const registryCheck: Check = {
  subject: "registry",
  asksGoogle: true,
  async run(patient) {
    const { images, layers, scratch } = namesIn(patient.settings.environment);
    const ask = async (name: string) =>
      read<Repository>(patient.api, "artifactRegistry", name, `read the repository ${name.split("/").at(-1)}`);
    const [published, ...others] = await Promise.all([ask(images), ask(layers), ask(scratch)]);
    const all = [images, layers, scratch].map((name) => name.split("/").at(-1));
    const missing = all.filter((_, index) => [published, ...others][index] === undefined);
    if (missing.length > 0) return wrong(`there is no repository ${missing.join(", ")}`, bringUp(patient));
    if (published?.dockerConfig?.immutableTags !== true) {
      return wrong(`tags of ${all[0]} can be moved: a key's tag could name another image`, bringUp(patient));
    }
    return good(`${all.join(", ")}; tags of images cannot be moved`);
  },
};
