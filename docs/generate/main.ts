/** Writes the reference into docs/reference/ (`npm run docs`), or into the folder that is named. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { referencePages } from "./reference.ts";

const root = join(import.meta.dirname, "../..");
const folder = process.argv[2] ?? join(root, "docs/reference");
mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(await referencePages(root))) writeFileSync(join(folder, name), text);
