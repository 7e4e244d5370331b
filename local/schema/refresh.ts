import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Definition, Field, MethodDefinition, SchemaDefinition } from "./definitions.ts";

/**
 * Rewrites `google/*.jsonl` from Google's discovery documents:
 *
 *     pip download --no-deps google-api-python-client && unzip -q google_api_python_client-*.whl
 *     node local/schema/refresh.ts --from googleapiclient/discovery_cache/documents
 *
 * The discovery documents are the newest public form of the definitions: the protos in the npm clients lag behind them
 * (BuildTrigger has neither approvalConfig nor includeBuildLogs there). Only the numbers of enums come from the protos,
 * because the Node clients send numbers and the discovery documents have names alone.
 */
const SOURCES: readonly { readonly name: string; readonly only?: readonly string[]; readonly protos?: string }[] = [
  { name: "artifactregistry.v1", protos: "artifact-registry" },
  { name: "cloudbuild.v1", protos: "cloudbuild" },
  { name: "cloudbuild.v2", protos: "cloudbuild" },
  { name: "cloudresourcemanager.v1" },
  { name: "cloudscheduler.v1" },
  { name: "compute.v1", only: ["compute.projects.get"] },
  { name: "iam.v1" },
  { name: "iamcredentials.v1" },
  { name: "logging.v2" },
  { name: "monitoring.v1" },
  { name: "monitoring.v3" },
  { name: "pubsub.v1" },
  { name: "secretmanager.v1" },
  { name: "serviceusage.v1" },
  { name: "serviceusage.v1beta1" },
  { name: "storage.v1" },
];

interface DiscoveryDocument {
  readonly revision: string;
  readonly schemas: Readonly<Record<string, SchemaDefinition>>;
  readonly resources?: Readonly<Record<string, DiscoveryResource>>;
}

interface DiscoveryResource {
  readonly methods?: Readonly<Record<string, DiscoveryMethod>>;
  readonly resources?: Readonly<Record<string, DiscoveryResource>>;
}

interface DiscoveryMethod {
  readonly id: string;
  readonly httpMethod: string;
  readonly path: string;
  readonly flatPath?: string;
  readonly parameters?: Readonly<Record<string, Field>>;
  readonly request?: { readonly $ref: string };
  readonly response?: { readonly $ref: string };
}

type ProtoNode = {
  readonly nested?: Record<string, ProtoNode>;
  readonly values?: Record<string, number>;
};

function methodsOf(resources: Readonly<Record<string, DiscoveryResource>> = {}): DiscoveryMethod[] {
  return Object.values(resources).flatMap((resource) => [
    ...Object.values(resource.methods ?? {}),
    ...methodsOf(resource.resources),
  ]);
}

type EnumNumbers = Readonly<Record<string, number>>;

/** Every enum of a proto tree. */
function enumsOf(node: ProtoNode): readonly EnumNumbers[] {
  return [...(node.values ? [node.values] : []), ...Object.values(node.nested ?? {}).flatMap(enumsOf)];
}

/**
 * The numbers of an enum, which has no name of its own in a discovery document: those of the proto enum that shares
 * most values with it and has none that it lacks, or lacks none that it has. A value that the protos do not have yet
 * has the number -1, which no client sends.
 */
function numbersOf(names: readonly string[], enums: readonly EnumNumbers[]): readonly number[] | undefined {
  const shared = (numbers: EnumNumbers) => names.filter((name) => numbers[name] !== undefined).length;
  const [best] = enums
    .filter((numbers) => shared(numbers) === names.length || shared(numbers) === Object.keys(numbers).length)
    .sort((a, b) => shared(b) - shared(a) || Object.keys(a).length - Object.keys(b).length);
  return best && shared(best) > 1 ? names.map((name) => best[name] ?? -1) : undefined;
}

/** A field without the prose of the document, and with the numbers of its enum where the protos know them. */
function trimField(field: Field, enums: readonly EnumNumbers[]): Field {
  const numbers = field.enum && numbersOf(field.enum, enums);
  return {
    ...(field.type && { type: field.type }),
    ...(field.$ref && { $ref: field.$ref }),
    ...(field.format && { format: field.format }),
    ...(field.enum && { enum: field.enum }),
    ...(numbers && { numbers }),
    ...(field.readOnly && { readOnly: true as const }),
    ...(field.location && { location: field.location }),
    ...(field.repeated && { repeated: true as const }),
    ...(field.required && field.location === "query" && { required: true as const }),
    ...(field.items && { items: trimField(field.items, enums) }),
    ...(field.additionalProperties && { additionalProperties: trimField(field.additionalProperties, enums) }),
    ...(field.properties && { properties: trimFields(field.properties, enums) }),
  };
}

function trimFields(fields: Readonly<Record<string, Field>>, enums: readonly EnumNumbers[]): Record<string, Field> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, trimField(field, enums)]));
}

function references(field: Field): string[] {
  return [
    ...(field.$ref ? [field.$ref] : []),
    ...(field.items ? references(field.items) : []),
    ...(field.additionalProperties ? references(field.additionalProperties) : []),
    ...Object.values(field.properties ?? {}).flatMap(references),
  ];
}

function closure(schemas: DiscoveryDocument["schemas"], roots: readonly string[]): string[] {
  const reached = new Set<string>();
  const queue = [...roots];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const schema = schemas[name];
    if (reached.has(name) || !schema) continue;
    reached.add(name);
    queue.push(...references(schema));
  }
  return [...reached].sort();
}

function definitionsOf(document: DiscoveryDocument, only: readonly string[] | undefined, protos: ProtoNode) {
  const enums = enumsOf(protos);
  const methods = methodsOf(document.resources)
    .filter((method) => !only || only.includes(method.id))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const lines: Definition[] = [{ revision: document.revision }];
  for (const method of methods) {
    const definition: MethodDefinition = {
      method: method.id,
      verb: method.httpMethod,
      path: method.path,
      ...(method.flatPath && method.flatPath !== method.path && { flatPath: method.flatPath }),
      ...(method.parameters && { parameters: trimFields(method.parameters, enums) }),
      ...(method.request && { request: method.request.$ref }),
      ...(method.response && { response: method.response.$ref }),
    };
    lines.push(definition);
  }
  const roots = methods.flatMap((method) => [method.request, method.response].flatMap((part) => part?.$ref ?? []));
  for (const name of closure(document.schemas, roots)) {
    const schema = document.schemas[name];
    if (schema) lines.push({ schema: name, ...trimField(schema, enums) });
  }
  return lines;
}

const { values } = parseArgs({ options: { from: { type: "string" } } });
if (!values.from) throw new Error("say where the discovery documents are: --from <folder>");
for (const { name, only, protos } of SOURCES) {
  const document = JSON.parse(readFileSync(join(values.from, `${name}.json`), "utf8")) as DiscoveryDocument;
  const root = join(import.meta.dirname, "../../node_modules/@google-cloud");
  const tree = protos ? JSON.parse(readFileSync(join(root, protos, "build/protos/protos.json"), "utf8")) : {};
  const lines = definitionsOf(document, only, tree as ProtoNode).map((line) => JSON.stringify(line));
  writeFileSync(join(import.meta.dirname, "google", `${name}.jsonl`), `${lines.join("\n")}\n`);
}
