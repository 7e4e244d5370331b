import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

/** A catalogue in a temporary folder, that a test can edit. */
export interface TestCatalogue {
  /** Its folder as a setting: relative to the repository, where the tests run. */
  readonly folder: string;
  write(path: string, text: string): void;
  remove(): void;
}

const imageYaml = `description: An image for a test
machine: e2-standard-8
expectedMinutes: 1
`;

/** `base`, `app` on it, `tool` on app, and `other`, which has nothing to do with them. */
export function testCatalogue(): TestCatalogue {
  const folder = mkdtempSync(join(tmpdir(), "strata-catalogue-"));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const image = (name: string, from: string) => {
    write(`${name}/image.yaml`, imageYaml);
    write(`${name}/Dockerfile`, `FROM ${from} AS run\nCOPY ${name}/data /${name}\n`);
    write(`${name}/data`, `${name}\n`);
  };
  image("base", "scratch");
  image("app", "base");
  image("tool", "app");
  image("other", "scratch");
  return { folder: relative(process.cwd(), folder), write, remove: () => rmSync(folder, { recursive: true }) };
}
