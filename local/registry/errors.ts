import { GoogleError, type StatusName } from "../http/errors.ts";

const STATUS_OF: Readonly<Record<number, StatusName>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  405: "UNIMPLEMENTED",
  416: "INVALID_ARGUMENT",
};

/** An error with a code of the OCI distribution protocol, such as `MANIFEST_UNKNOWN`. */
export function registryFailure(http: number, code: string, message: string): GoogleError {
  return new GoogleError(STATUS_OF[http] ?? "INVALID_ARGUMENT", message, { http, reason: code });
}

/** The protocol's error body. */
export function registryError(error: GoogleError): { readonly errors: readonly object[] } {
  const { reason } = error.extras;
  const code = reason && /^[A-Z_]+$/.test(reason) ? reason : (CODES[error.http] ?? "UNKNOWN");
  return { errors: [{ code, message: error.message }] };
}

const CODES: Readonly<Record<number, string>> = { 401: "UNAUTHORIZED", 403: "DENIED", 404: "NAME_UNKNOWN" };
