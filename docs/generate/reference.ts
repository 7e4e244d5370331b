import { commandsPage } from "./commands.ts";
import { componentsPage } from "./components.ts";
import { imageYamlPage } from "./imageYaml.ts";
import { resourcePage } from "./resource.ts";
import { settingsPage } from "./settings.ts";
import { Source } from "./source.ts";

/** The pages of docs/reference/ as the code has them now, by file name. */
export async function referencePages(root: string): Promise<Readonly<Record<string, string>>> {
  const source = (file: string) => new Source(root, file);
  return {
    "commands.md": await commandsPage(source),
    "settings.md": settingsPage(source),
    "image-yaml.md": imageYamlPage(source),
    "resource.md": resourcePage(source),
    "components.md": componentsPage(source, root),
  };
}
