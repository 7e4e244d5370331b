import { PROJECT } from "../testCloud.ts";

/**
 * What the Pulumi provider was seen to send for each kind of resource: create, read, change with its mask, delete.
 * What was sent must come back from the read after the creation, as `kept` says where it comes back in another form;
 * `after` must come back from the read after the change. Nothing of `unset` may come back, or the provider would set it
 * back with each update.
 */
export interface Case {
  readonly what: string;
  readonly base: string;
  readonly before?: readonly (readonly [string, string, object?])[];
  readonly create: readonly [verb: string, path: string, body: object];
  /** The resource's path below `base`; or how it follows from the answer. */
  readonly path: string | ((answer: Readonly<Record<string, string>>) => string);
  readonly kept?: object;
  /** What was not sent and the server must not fill in. */
  readonly unset?: readonly string[];
  readonly change?: readonly [verb: string, suffix: string, body: object];
  readonly after?: object;
  /** What the change must have removed. */
  readonly gone?: readonly string[];
  readonly remove?: string;
}

/** The location of every regional resource. */
export const L = `projects/${PROJECT}/locations/us-east4`;
/** The project as a parent. */
export const P = `projects/${PROJECT}`;
/** The label that the provider puts on what it makes. */
export const label = { "goog-pulumi-provisioned": "true" };
