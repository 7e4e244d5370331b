import { randomUUID } from "node:crypto";
import { alreadyExists, invalid, notFound } from "../http/errors.ts";
import { applyMask, readMask } from "../schema/masks.ts";
import type { Message } from "../schema/messages.ts";
import { longRunning, typed } from "./operations.ts";
import { type Behaviours, type Call, targetOf } from "./product.ts";

/** A kind of resource that Google's APIs create, get, list, patch and delete in the usual way. */
export interface ResourceKind {
  /** The collection that it is kept in. */
  readonly collection: string;
  /** Google's method ids without their last word: `artifactregistry.projects.locations.repositories`. */
  readonly methods: string;
  /** Google's name of the message. */
  readonly schema: string;
  /** The list answer's field: `repositories`. */
  readonly plural: string;
  /** Begin of the permissions: `artifactregistry.repositories`. */
  readonly permissions: string;
  /** The query key that carries a new resource's id. */
  readonly idParameter?: string;
  /** The path segment between the parent and the id; `plural` if left out. */
  readonly segment?: string;
  /** Which verbs answer with a long-running operation. */
  readonly operations?: readonly ("create" | "patch" | "delete")[];
  /** How a patch without a mask works: it replaces every field that a client may write. */
  readonly unmaskedPatch?: boolean;
  /** Fields that only the server writes and a replacing patch keeps. */
  readonly kept?: readonly string[];
  /** The metadata of its operations. */
  readonly metadata?: { readonly schema: string; readonly fields?: (target: string) => Message };
  /** Checks a new resource and fills in what the server sets. */
  readonly onCreate?: (call: Call, name: string, body: Message) => Message;
  /** Checks a changed resource; returns it as it is to be kept. */
  readonly onPatch?: (call: Call, before: Message, after: Message) => Message;
  /** Checks that a resource may go and removes what hangs on it. */
  readonly onDelete?: (call: Call, name: string) => void;
  /** Adds what is only shown, not kept. */
  readonly shown?: (call: Call, message: Message) => Message;
}

/** The `create`, `get`, `list`, `patch` and `delete` of a kind. */
export function resourceMethods(kind: ResourceKind): Behaviours {
  const { methods, permissions } = kind;
  return {
    [`${methods}.create`]: {
      permission: `${permissions}.create`,
      query: kind.idParameter ? [kind.idParameter] : [],
      run: (call) => create(kind, call),
    },
    [`${methods}.get`]: { permission: `${permissions}.get`, run: (call) => show(kind, call, fetch(kind, call)) },
    [`${methods}.list`]: {
      permission: `${permissions}.list`,
      query: ["pageSize", "pageToken"],
      run: (call) => list(kind, call),
    },
    [`${methods}.patch`]: {
      permission: `${permissions}.update`,
      query: ["updateMask"],
      run: (call) => patch(kind, call),
    },
    [`${methods}.delete`]: { permission: `${permissions}.delete`, query: ["force"], run: (call) => remove(kind, call) },
  };
}

/** The resource that a call names, as it is kept. */
export function fetch(kind: ResourceKind, call: Call, name = targetOf(call)): Message {
  const stored = call.cloud.documents.get<Message>(kind.collection, name);
  if (!stored) throw notFound(name);
  return stored;
}

function create(kind: ResourceKind, call: Call): Message {
  const parent = targetOf(call);
  const id = kind.idParameter ? String(call.query[kind.idParameter] ?? "") : randomUUID();
  if (id === "") throw invalid(`${kind.idParameter} is required`);
  const name = `${parent}/${kind.segment ?? kind.plural}/${id}`;
  return createNamed(kind, call, name, parent);
}

/** Creates a resource whose name is known. */
export function createNamed(kind: ResourceKind, call: Call, name: string, parent: string, body = call.body): Message {
  if (call.cloud.documents.get(kind.collection, name)) throw alreadyExists(name);
  const effect = () => {
    const message = kind.onCreate ? kind.onCreate(call, name, body) : { ...body, name };
    call.cloud.documents.put(kind.collection, name, message);
    return show(kind, call, message);
  };
  return kind.operations?.includes("create") ? operation(kind, call, parent, name, effect) : effect();
}

function list(kind: ResourceKind, call: Call): Message {
  const prefix = `${targetOf(call)}/${kind.segment ?? kind.plural}/`;
  const { items, nextPageToken } = page(call, kind.collection, prefix);
  return { [kind.plural]: items.map((item) => show(kind, call, item)), ...(nextPageToken && { nextPageToken }) };
}

/** One page of a collection, as `pageSize` and `pageToken` ask. */
export function page(call: Call, collection: string, prefix: string): { items: Message[]; nextPageToken?: string } {
  const size = Math.min(Number(call.query.pageSize ?? call.query.maxResults ?? 0) || 1000, 1000);
  const after = Buffer.from(String(call.query.pageToken ?? ""), "base64url").toString();
  const rows = call.cloud.documents.list<Message>(collection, { prefix, after, limit: size + 1 });
  const shownRows = rows.slice(0, size);
  const last = rows.length > size ? shownRows.at(-1) : undefined;
  return {
    items: shownRows.map((row) => row.body),
    ...(last && { nextPageToken: Buffer.from(last.name).toString("base64url") }),
  };
}

function patch(kind: ResourceKind, call: Call): Message {
  const name = targetOf(call);
  const stored = fetch(kind, call, name);
  const mask = call.query.updateMask;
  const merged =
    typeof mask === "string"
      ? applyMask(stored, call.body, readMask(call.definitions, kind.schema, mask))
      : replaceWritable(kind, call, stored);
  return store(kind, call, name, stored, merged);
}

function replaceWritable(kind: ResourceKind, call: Call, stored: Message): Message {
  if (!kind.unmaskedPatch) throw invalid("update_mask is required");
  const schema = call.definitions.schemas.get(kind.schema)?.properties ?? {};
  const kept = Object.entries(stored).filter(([field]) => schema[field]?.readOnly || kind.kept?.includes(field));
  return { ...call.body, ...Object.fromEntries(kept), name: stored.name };
}

/** Keeps a changed resource and answers with it, or with an operation. */
export function store(kind: ResourceKind, call: Call, name: string, before: Message, after: Message): Message {
  const effect = () => {
    const checked = kind.onPatch ? kind.onPatch(call, before, after) : after;
    call.cloud.documents.put(kind.collection, name, checked);
    return show(kind, call, checked);
  };
  return kind.operations?.includes("patch") ? operation(kind, call, locationOf(name), name, effect) : effect();
}

function remove(kind: ResourceKind, call: Call): Message {
  const name = targetOf(call);
  fetch(kind, call, name);
  const effect = () => {
    kind.onDelete?.(call, name);
    call.cloud.documents.delete(kind.collection, name);
    call.cloud.documents.delete("policy", name);
    return {};
  };
  return kind.operations?.includes("delete") ? operation(kind, call, locationOf(name), name, effect, true) : effect();
}

function show(kind: ResourceKind, call: Call, message: Message): Message {
  return kind.shown ? kind.shown(call, message) : message;
}

/** `projects/P/locations/L` of a name in it. */
export function locationOf(name: string): string {
  return name.split("/").slice(0, 4).join("/");
}

/** An operation of a kind; one that removes the resource answers with nothing. */
function operation(
  kind: ResourceKind,
  call: Call,
  parent: string,
  target: string,
  effect: () => Message,
  removes = false,
) {
  const answer = () => {
    const message = effect();
    return removes ? { "@type": "type.googleapis.com/google.protobuf.Empty" } : typed(call, kind.schema, message);
  };
  const metadata = kind.metadata && typed(call, kind.metadata.schema, kind.metadata.fields?.(target) ?? {});
  return longRunning(call, locationOf(parent), answer, metadata);
}

/** Now, as Google writes times. */
export function timestamp(): string {
  return new Date().toISOString();
}
