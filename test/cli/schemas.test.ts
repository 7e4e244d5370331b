import { readFileSync } from "node:fs";
import { join } from "node:path";
import { recordJsonSchema } from "../../builder/record.ts";
import { imageJsonSchema } from "../../chain/imageSettings.ts";
import { planJsonSchema } from "../../cli/render/planJson.ts";

test.each([
  ["chain/image.schema.json", imageJsonSchema()],
  ["docs/schemas/plan.schema.json", planJsonSchema()],
  ["docs/schemas/record.schema.json", recordJsonSchema()],
])("%s is what the code says; where not: npm run schemas", (path, schema) => {
  const published: unknown = JSON.parse(readFileSync(join(process.cwd(), path), "utf8"));
  expect(published).toEqual(JSON.parse(JSON.stringify(schema)));
});
