import type { Behaviour, Product } from "../products/product.ts";
import { type Definitions, type MethodDefinition, readDefinitions } from "../schema/definitions.ts";
import { GoogleError, unimplemented } from "./errors.ts";

/** A method of a product, with what the local cloud does for it, if anything. */
export interface Route {
  readonly product: Product;
  readonly definitions: Definitions;
  readonly method: MethodDefinition;
  readonly behaviour?: Behaviour;
}

/** A route with its path parameters. */
export interface Match {
  readonly route: Route;
  readonly path: Readonly<Record<string, string>>;
}

interface Node {
  readonly literals: Map<string, Node>;
  /** A placeholder for one segment. */
  any?: Node;
  /** A placeholder for all segments that are left: `operations/build/P/ID` is one operation's name. */
  rest?: Node;
  readonly routes: Entry[];
}

interface Entry {
  /** The verb and the custom method after the colon. */
  readonly key: string;
  readonly route: Route;
  /** How many segments stand before those of the method's own path. */
  readonly lead: number;
}

function routeKey(verb: string, custom: string): string {
  return `${verb} :${custom}`;
}

/**
 * Finds the method that a request is for. The table is made from Google's definitions: a method that Google does not
 * have cannot be in it, and one that Google has but that has no behaviour here is told apart.
 */
export class Router {
  readonly #root: Node = newNode();

  constructor(products: readonly Product[]) {
    for (const product of products) this.#addProduct(product);
  }

  #addProduct(product: Product): void {
    const definitions = readDefinitions(product.definitions);
    for (const id of Object.keys(product.methods)) {
      if (!definitions.methods.has(id)) throw new Error(`${product.definitions} has no method ${id}`);
    }
    for (const method of definitions.methods.values()) {
      const behaviour = product.methods[method.method];
      const route = { product, definitions, method, ...(behaviour && { behaviour }) };
      const base = product.base ? product.base.split("/") : [];
      const [path, custom] = splitCustom(method.flatPath ?? method.path);
      const segments = [...base, ...path.split("/")];
      const key = routeKey(method.verb, custom);
      insert(this.#root, [product.prefix, ...segments], { key, route, lead: 1 + base.length });
      if (!product.base) insert(this.#root, segments, { key, route, lead: 0 });
    }
  }

  /**
   * The routes that fit a path.
   *
   * @param path - as it was sent, still encoded.
   * @throws GoogleError 501 where none fits: a status that no client retries.
   */
  match(verb: string, path: string): readonly Match[] {
    const segments = path.replace(/^\/|\/$/g, "").split("/");
    const exact = collect(this.#root, segments, routeKey(verb, ""));
    const last = segments.at(-1) ?? "";
    const colon = last.lastIndexOf(":");
    const trimmed = [...segments.slice(0, -1), last.slice(0, colon)];
    const custom = colon > 0 ? collect(this.#root, trimmed, routeKey(verb, last.slice(colon + 1))) : [];
    if (custom.length > 0) return custom.map((entry) => matchOf(entry, trimmed));
    if (exact.length > 0) return exact.map((entry) => matchOf(entry, segments));
    throw new GoogleError("UNIMPLEMENTED", `No method of Google's API has the route ${verb} ${path}`, {
      reason: "notFound",
      malformed: true,
    });
  }
}

/** Refuses a method that Google has and the local cloud does not. */
export function behaviourOf(route: Route): Behaviour {
  if (!route.behaviour) throw unimplemented(`Method ${route.method.method} is not implemented`);
  return route.behaviour;
}

function newNode(): Node {
  return { literals: new Map(), routes: [] };
}

function splitCustom(path: string): readonly [string, string] {
  const colon = path.lastIndexOf(":");
  return colon > path.lastIndexOf("/") ? [path.slice(0, colon), path.slice(colon + 1)] : [path, ""];
}

function insert(root: Node, segments: readonly string[], entry: Entry): void {
  let node = root;
  for (const [index, segment] of segments.entries()) {
    if (segment === "{operationsId}" && index === entry.lead + 2) {
      node.rest ??= newNode();
      node = node.rest;
    } else if (segment.startsWith("{")) {
      node.any ??= newNode();
      node = node.any;
    } else {
      const next = node.literals.get(segment) ?? newNode();
      node.literals.set(segment, next);
      node = next;
    }
  }
  node.routes.push(entry);
}

/** The entries at the end of a path; literal segments go before placeholders. */
function collect(node: Node, segments: readonly string[], key: string): readonly Entry[] {
  const [segment, ...rest] = segments;
  if (segment === undefined) return node.routes.filter((entry) => entry.key === key);
  const literal = node.literals.get(segment);
  const found = literal ? collect(literal, rest, key) : [];
  if (found.length > 0) return found;
  const placed = node.any ? collect(node.any, rest, key) : [];
  if (placed.length > 0 || !node.rest) return placed;
  return collect(node.rest, [], key);
}

/**
 * Reads the parameters of a path. `{+name}` takes the segments that the others leave. An encoded slash inside one of
 * its segments stays `%2F`, whether it came encoded once or twice; in other parameters it is a slash.
 */
function matchOf({ route, lead }: Entry, segments: readonly string[]): Match {
  const own = segments.slice(lead);
  const template = splitCustom(route.method.path)[0].split("/");
  const path: Record<string, string> = {};
  let index = 0;
  for (const part of template) {
    const reserved = /^\{\+(.+)\}$/.exec(part)?.[1];
    const plain = /^\{(.+)\}$/.exec(part)?.[1];
    const taken = own.slice(index, index + (reserved ? own.length - template.length + 1 : 1));
    index += taken.length;
    if (reserved) path[reserved] = taken.map((text) => decode(text).replaceAll("/", "%2F")).join("/");
    else if (plain) path[plain] = decode(taken[0] ?? "");
  }
  return { route, path };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new GoogleError("INVALID_ARGUMENT", `The path segment ${segment} is not URL-encoded`, { malformed: true });
  }
}
