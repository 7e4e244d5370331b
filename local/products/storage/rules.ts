import type { Message } from "../../schema/messages.ts";
import type { Call } from "../product.ts";
import { conditionNotMet } from "./buckets.ts";
import type { StoredObject } from "./objectStore.ts";

/** Query keys of preconditions on an object. */
export const PRECONDITIONS = [
  "ifGenerationMatch",
  "ifGenerationNotMatch",
  "ifMetagenerationMatch",
  "ifMetagenerationNotMatch",
];

/** The name of an object in permissions and conditions. */
export function objectResource(bucket: string | undefined, name: string | undefined): string {
  return `projects/_/buckets/${bucket}/objects/${name}`;
}

/**
 * Checks the preconditions of a call against the live version of an object.
 *
 * @throws GoogleError 412 where one does not hold.
 */
export function checkPreconditions(query: Readonly<Record<string, unknown>>, live: StoredObject | undefined): void {
  const generation = String(live?.resource.generation ?? 0);
  const metageneration = String(live?.resource.metageneration ?? 0);
  const { ifGenerationMatch, ifGenerationNotMatch, ifMetagenerationMatch, ifMetagenerationNotMatch } = query;
  if (ifGenerationMatch !== undefined && ifGenerationMatch !== generation) throw conditionNotMet();
  if (ifGenerationNotMatch !== undefined && ifGenerationNotMatch === generation) throw conditionNotMet();
  if (ifMetagenerationMatch !== undefined && ifMetagenerationMatch !== metageneration) throw conditionNotMet();
  if (ifMetagenerationNotMatch !== undefined && ifMetagenerationNotMatch === metageneration) throw conditionNotMet();
}

/** What a writer may say of an object; the rest of its message is the server's. */
export const WRITABLE = [
  "cacheControl",
  "contentDisposition",
  "contentEncoding",
  "contentLanguage",
  "contentType",
  "customTime",
  "eventBasedHold",
  "metadata",
  "temporaryHold",
];

/** The part of a message that a writer may set. */
export function writablePart(message: Message): Message {
  return Object.fromEntries(
    Object.entries(message).filter(([key, value]) => WRITABLE.includes(key) && value !== undefined),
  );
}

/**
 * Lets a write pass: a new object needs `create`, one that replaces another needs `delete` as well.
 *
 * @throws GoogleError 403.
 */
export function requireWrite(call: Call, bucket: string, name: string, replaces: boolean): void {
  const resource = objectResource(bucket, name);
  const { access } = call.cloud;
  access.require(call.caller, "storage.objects.create", resource, call.product.service);
  if (replaces) access.require(call.caller, "storage.objects.delete", resource, call.product.service);
}
