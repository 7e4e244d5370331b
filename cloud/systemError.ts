import { types } from "node:util";

/**
 * The code that Node gave an error (`ENOENT`, `ECONNRESET`, …), if it has one. Asks for the kind of object and not for
 * its constructor, because an error of Node's own may come from another realm than the code that catches it.
 */
export function errorCode(error: unknown): string | undefined {
  return types.isNativeError(error) && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** The message of whatever was thrown. */
export function errorMessage(error: unknown): string {
  return types.isNativeError(error) ? error.message : String(error);
}
