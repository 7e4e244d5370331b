import type { IncomingMessage } from "node:http";
import type { Cloud } from "../cloud.ts";
import type { Caller } from "../identity/tokens.ts";
import type { Behaviour, Call, Product } from "../products/product.ts";
import { RawAnswer, targetOf } from "../products/product.ts";
import { requireService, resolveProjectNumber } from "../products/projects.ts";
import { camelCase, type Message, readMessage, readParameter } from "../schema/messages.ts";
import { readJson } from "./body.ts";
import { GoogleError, invalid, unimplemented } from "./errors.ts";
import type { Fault } from "./faults.ts";
import { behaviourOf, type Match } from "./router.ts";

/** Query keys of every method, which change nothing here: answers are whole and are JSON. */
const COMMON_KEYS = new Set(["alt", "$alt", "prettyPrint", "fields", "key", "quotaUser", "userProject", "uploadType"]);

/** The values of `alt` that the local cloud can answer. */
const ALT = /^(json|media|proto|json;enum-encoding=int)$/;

/**
 * The one method that a request is for, where several products have its path and the client cannot name one.
 *
 * @throws GoogleError 501 where no product here has it, 400 where more than one does.
 */
export function chooseRoute(matches: readonly Match[]): Match {
  const able = matches.filter((match) => match.route.behaviour);
  const [first, second] = able;
  if (!first) {
    const known = matches[0];
    if (known) behaviourOf(known.route);
    throw unimplemented("The route is not implemented");
  }
  const shared = first.route.method.method.includes(".operations.");
  if (second && !shared) {
    const prefixes = able.map((match) => `/${match.route.product.prefix}/`).join(", ");
    throw invalid(`Several products have this path; put the product before it: ${prefixes}`);
  }
  return first;
}

/** Reads, checks and runs one call. */
export async function dispatch(
  cloud: Cloud,
  match: Match,
  caller: Caller,
  request: IncomingMessage,
  query: URLSearchParams,
  fault: Fault | undefined,
): Promise<Message | RawAnswer> {
  const { route } = match;
  const behaviour = behaviourOf(route);
  const { definitions, method, product } = route;
  const parameters = readQuery(match, behaviour, query);
  const raw = behaviour.raw ? undefined : await readJson(request);
  if (raw !== undefined && !method.request && Object.keys(raw as object).length > 0) {
    throw new GoogleError("INVALID_ARGUMENT", `${method.method} takes no body`, { malformed: true });
  }
  const body = method.request
    ? readMessage(
        definitions,
        method.request,
        { ...maskOf(match, query), ...(raw as object | undefined) },
        {
          nulls: behaviour.nulls ?? false,
        },
      )
    : {};
  const path = Object.fromEntries(
    Object.entries(match.path).map(([name, value]) => [name, resolveProjectNumber(cloud.documents, value)]),
  );
  const call: Call = {
    cloud,
    product,
    definitions,
    method,
    path,
    query: parameters,
    body,
    caller,
    request,
    ...(fault && { fault }),
  };
  authorize(call, behaviour, product);
  const answer = await behaviour.run(call);
  if (answer instanceof RawAnswer || !method.response) return answer;
  return checkAnswer(call, method.response, answer);
}

function authorize(call: Call, behaviour: Behaviour, product: Product): void {
  const resource = behaviour.on ? behaviour.on(call) : targetOf(call);
  const permissions = behaviour.permission === null ? [] : [behaviour.permission].flat();
  for (const permission of permissions) call.cloud.access.require(call.caller, permission, resource, product.service);
  requireService(call.cloud.documents, resource, product.service);
}

/** Pub/Sub's update mask stands in the body by Google's definitions; clients send it in the query and are understood. */
function maskOf({ route }: Match, query: URLSearchParams): Message {
  const schema = route.definitions.schemas.get(route.method.request ?? "");
  const mask = query.get("updateMask");
  const inBody = mask !== null && schema?.properties?.updateMask && !route.method.parameters?.updateMask;
  return inBody ? { updateMask: mask } : {};
}

function readQuery(match: Match, behaviour: Behaviour, query: URLSearchParams): Readonly<Record<string, unknown>> {
  const { definitions, method } = match.route;
  const result: Record<string, unknown> = {};
  for (const key of new Set(query.keys())) {
    const values = query.getAll(key);
    if (COMMON_KEYS.has(key)) {
      if (key.endsWith("alt") && !ALT.test(values[0] ?? "")) throw unimplemented(`alt=${values[0]} is not answered`);
      continue;
    }
    const spelled = method.parameters?.[key] ? key : camelCase(key);
    const field = method.parameters?.[spelled];
    if (field?.location !== "query") {
      if (behaviour.undeclared?.includes(key)) continue;
      if (spelled === "updateMask" && "updateMask" in maskOf(match, query)) continue;
      throw new GoogleError(
        "INVALID_ARGUMENT",
        `Invalid JSON payload received. Unknown name "${key}": Cannot bind query parameter.`,
        {
          reason: "badRequest",
          malformed: true,
        },
      );
    }
    if (!behaviour.query?.includes(spelled)) throw unimplemented(`${method.method} does not act on '${key}'`);
    result[spelled] = readParameter(definitions, spelled, field, values);
  }
  return result;
}

/** An answer that Google's definitions do not allow is a mistake of the local cloud, and must not pass for an answer. */
function checkAnswer(call: Call, schema: string, answer: Message): Message {
  try {
    return readMessage(call.definitions, schema, answer, { output: true });
  } catch (error) {
    throw new Error(`${call.method.method} answered what ${schema} does not allow`, { cause: error });
  }
}
