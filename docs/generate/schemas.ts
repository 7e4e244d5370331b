/** Writes the published JSON schemas into the checkout: `npm run schemas`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { recordJsonSchema } from "../../builder/record.ts";
import { imageJsonSchema } from "../../chain/imageSettings.ts";
import { planJsonSchema } from "../../cli/render/planJson.ts";

const schemas = {
  "chain/image.schema.json": imageJsonSchema(),
  "docs/schemas/plan.schema.json": planJsonSchema(),
  "docs/schemas/record.schema.json": recordJsonSchema(),
};

for (const [path, schema] of Object.entries(schemas)) {
  const file = join(import.meta.dirname, "../..", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(schema, null, 2)}\n`);
}
