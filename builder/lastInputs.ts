import { z } from "zod";
import type { TargetInputs } from "../chain/inputs.ts";
import { type ObjectStore, type ReadableObjects, readAll } from "../cloud/objectStore.ts";
import { recordFolder } from "./record.ts";

/** No target has inputs that are longer as JSON, in bytes: some 300,000 files. */
const longestInputs = 64 << 20;

/** No pointer is longer, in bytes. */
const longestPointer = 1 << 10;

const pointerSchema = z.object({ key: z.string().regex(/^[0-9a-f]{64}$/) });

/** The part of a target's inputs that is looked at; what else stands there is kept as it is. */
const inputsSchema = z.looseObject({
  algorithm: z.string(),
  key: z.string(),
  platform: z.string(),
  epoch: z.number(),
  instructions: z.array(z.looseObject({ stage: z.string(), line: z.number(), text: z.string() })),
  args: z.record(z.string(), z.string()),
  files: z.array(z.looseObject({ path: z.string(), mode: z.string(), size: z.number() })),
  parents: z.record(z.string(), z.string()),
  bases: z.record(z.string(), z.string()),
});

/** Where the inputs of a key lie in the store, in full: they say why the next key of its target is another one. */
export function inputsObject(target: string, key: string): string {
  return `${recordFolder(target)}${key}.inputs.json`;
}

/** Where a target's last published key is named. */
export function lastObject(target: string): string {
  return `${recordFolder(target)}last.json`;
}

/** Stores what a target is about to be built from. */
export async function storeInputs(store: ObjectStore, target: string, inputs: TargetInputs): Promise<void> {
  await store.write(inputsObject(target, inputs.key), new Uint8Array(Buffer.from(JSON.stringify(inputs))));
}

/** Names the key that was published last of a target. */
export async function storeLast(store: ObjectStore, target: string, key: string): Promise<void> {
  await store.write(lastObject(target), new Uint8Array(Buffer.from(JSON.stringify({ key }))));
}

/**
 * What the targets that are not published were last built from; those of which nothing is known are left out. It says
 * why a key is another one and decides nothing, so what cannot be read as inputs counts as not known.
 *
 * @param exists whether a target's key is published
 */
export async function lastInputs(
  store: ReadableObjects,
  exists: ReadonlyMap<string, boolean>,
): Promise<ReadonlyMap<string, TargetInputs>> {
  const missing = [...exists].filter(([, published]) => !published);
  const reads = missing.map(async ([target]) => [target, await lastInputsOf(store, target)] as const);
  return new Map((await Promise.all(reads)).flatMap(([target, inputs]) => (inputs ? [[target, inputs]] : [])));
}

async function lastInputsOf(store: ReadableObjects, target: string): Promise<TargetInputs | undefined> {
  const pointer = pointerSchema.safeParse(await readJson(store, lastObject(target), longestPointer)).data;
  if (pointer === undefined) return undefined;
  const inputs = await readJson(store, inputsObject(target, pointer.key), longestInputs);
  return inputsSchema.safeParse(inputs).success ? (inputs as TargetInputs) : undefined;
}

/** What an object says; undefined where there is none, or where it is too long or no JSON. */
async function readJson(store: ReadableObjects, name: string, most: number): Promise<unknown> {
  const text = await store.read(name, async (object) => {
    return object.size > most ? "" : Buffer.from(await readAll(object, most)).toString("utf8");
  });
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return undefined;
  }
}
