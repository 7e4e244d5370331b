import type { IncomingMessage, ServerResponse } from "node:http";
import type { Cloud } from "../cloud.ts";
import type { Fault } from "../http/faults.ts";
import type { Caller } from "../identity/tokens.ts";
import type { Definitions, MethodDefinition } from "../schema/definitions.ts";
import type { Message } from "../schema/messages.ts";

/** One call of one method: everything has been read and checked against Google's definitions. */
export interface Call {
  readonly cloud: Cloud;
  readonly product: Product;
  readonly definitions: Definitions;
  readonly method: MethodDefinition;
  /** Path parameters, decoded, with project numbers replaced by ids. */
  readonly path: Readonly<Record<string, string>>;
  /** Query parameters that were given. */
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: Message;
  readonly caller: Caller;
  /** A fault that the method itself must act out: an operation that ends in an error. */
  readonly fault?: Fault;
  readonly request: IncomingMessage;
}

/** An answer that is not a JSON message: bytes, or one with a status and headers of its own. */
export class RawAnswer {
  readonly send: (response: ServerResponse) => void | Promise<void>;

  constructor(send: (response: ServerResponse) => void | Promise<void>) {
    this.send = send;
  }
}

/** What the local cloud does for one method. */
export interface Behaviour {
  /** The IAM permission that the caller needs; several where it needs them all. `null`: none, an identity is enough. */
  readonly permission: string | readonly string[] | null;
  /** The resource that the permission is asked on, if not the path's `name`, `parent` or `resource`. */
  readonly on?: (call: Call) => string;
  /** Query keys, besides those of every method, that are acted on; any other known key is answered 501. */
  readonly query?: readonly string[];
  /** Query keys that the product takes although its definitions do not have them: `upload_id` of a resumable upload. */
  readonly undeclared?: readonly string[];
  /** Whether it changes anything; by default every verb but GET does. */
  readonly write?: boolean;
  /** Whether nulls of the body are kept (JSON merge patch). */
  readonly nulls?: boolean;
  /** Whether the behaviour reads the request's body itself. */
  readonly raw?: boolean;
  /** Does it. */
  readonly run: (call: Call) => Message | RawAnswer | Promise<Message | RawAnswer>;
}

/** Behaviours by Google's method id. */
export type Behaviours = Readonly<Record<string, Behaviour>>;

/** One version of one of Google's products. */
export interface Product {
  /** First segment of its paths here: `/artifactregistry/v1/…`. */
  readonly prefix: string;
  /** Name of its definitions, such as `artifactregistry.v1`. */
  readonly definitions: string;
  /** What stands between the prefix and the paths of the definitions, where those lack their version. */
  readonly base?: string;
  /** The service that a project must have enabled. */
  readonly service: string;
  /** The proto package, for the `@type` of operations' metadata and answers. */
  readonly protoPackage?: string;
  readonly methods: Behaviours;
}

/**
 * The resource that a call is about, where its behaviour does not say otherwise: the first part of its path. Resource
 * Manager's paths carry a project's bare id.
 */
export function targetOf(call: Call): string {
  const [name, value = ""] = Object.entries(call.path)[0] ?? [];
  const bare = (name === "projectId" || name === "resource") && !value.includes("/");
  return bare ? `projects/${value}` : value;
}
