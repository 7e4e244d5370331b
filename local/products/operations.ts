import { randomUUID } from "node:crypto";
import { notFound, RPC_CODE, type StatusName } from "../http/errors.ts";
import type { Message } from "../schema/messages.ts";
import type { Behaviour, Behaviours, Call } from "./product.ts";

interface StoredOperation {
  readonly name: string;
  readonly metadata?: Message;
  readonly response?: Message;
  readonly error?: Message;
  /** Milliseconds since 1970 from which it says that it is done. */
  readonly due: number;
}

/**
 * Answers a call with a long-running operation. The effect is there at once; the operation says so after the delay
 * that the local cloud is set to. A fault of kind `operation` ends it in an error, without the effect.
 *
 * @param parent - the operation's name is `<parent>/operations/<id>`.
 * @param metadata - with its `@type`; none if left out.
 * @param effect - does what was asked and returns the answer, with its `@type`.
 */
export function longRunning(call: Call, parent: string, effect: () => Message, metadata: Message = {}): Message {
  const name = parent === "" ? `operations/${randomUUID()}` : `${parent}/operations/${randomUUID()}`;
  const due = Date.now() + call.cloud.settings.operationDelayMs;
  const outcome =
    call.fault?.kind === "operation"
      ? { error: operationError("FAILED_PRECONDITION", call.fault.message ?? "An injected fault") }
      : { response: effect() };
  const stored = { name, due, ...outcome, ...(Object.keys(metadata).length > 0 && { metadata }) };
  call.cloud.documents.put("operations", name, stored);
  return shown(stored);
}

/** A message with the `@type` that its product's clients decode it by. */
export function typed(call: Call, schema: string, message: Message): Message {
  return { "@type": `type.googleapis.com/${call.product.protoPackage}.${schema}`, ...message };
}

/** `error` of an operation. */
export function operationError(status: StatusName, message: string): Message {
  return { code: RPC_CODE[status], message };
}

/** The `get` of a product's operations, by its method ids. */
export function operationMethods(...ids: readonly string[]): Behaviours {
  const behaviour: Behaviour = {
    permission: null,
    run: (call) => {
      const name = call.path.name ?? "";
      const [live] = call.cloud.liveOperations.map((find) => find(name)).filter((found) => found !== undefined);
      const stored = call.cloud.documents.get<StoredOperation>("operations", name);
      if (live) return live;
      if (!stored) throw notFound(name);
      return shown(stored);
    },
  };
  return Object.fromEntries(ids.map((id) => [id, behaviour]));
}

function shown({ name, metadata, response, error, due }: StoredOperation): Message {
  const done = due <= Date.now();
  return {
    name,
    ...(metadata && { metadata }),
    done,
    ...(done && response && { response }),
    ...(done && error && { error }),
  };
}
