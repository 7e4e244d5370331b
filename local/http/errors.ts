/** Google's canonical codes that the local cloud answers, with the HTTP status each travels under. */
export const STATUS = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  INTERNAL: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
} as const;

/** A canonical code's name. */
export type StatusName = keyof typeof STATUS;

/** The numbers that `google.rpc.Code` gives the canonical codes, as they stand in an operation's `error.code`. */
export const RPC_CODE: Readonly<Record<StatusName, number>> = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
};

/** What an error carries besides its status and message. */
export interface ErrorExtras {
  /** HTTP status, where the product answers another one than its canonical code's (Cloud Storage's 412). */
  readonly http?: number;
  /** `errors[].reason`. */
  readonly reason?: string;
  /** `details[]`, each with its `@type`. */
  readonly details?: readonly Readonly<Record<string, unknown>>[];
  /** True if the request itself is malformed (unknown field, key, method): the journal marks it as refused. */
  readonly malformed?: boolean;
}

/** An error that goes to the client in Google's error body. */
export class GoogleError extends Error {
  override readonly name = "GoogleError";
  readonly status: StatusName;
  readonly extras: ErrorExtras;

  constructor(status: StatusName, message: string, extras: ErrorExtras = {}) {
    super(message);
    this.status = status;
    this.extras = extras;
  }

  /** The HTTP status. */
  get http(): number {
    return this.extras.http ?? STATUS[this.status];
  }

  /** The body that Google's clients read. */
  body(): { readonly error: Readonly<Record<string, unknown>> } {
    const { reason, details } = this.extras;
    return {
      error: {
        code: this.http,
        message: this.message,
        status: this.status,
        ...(reason && { errors: [{ message: this.message, domain: "global", reason }] }),
        ...(details && { details }),
      },
    };
  }
}

/** 404 for a resource that is not there. */
export function notFound(name: string): GoogleError {
  return new GoogleError("NOT_FOUND", `Resource '${name}' was not found`, { reason: "notFound" });
}

/** 409 for a name that is taken. */
export function alreadyExists(name: string): GoogleError {
  return new GoogleError("ALREADY_EXISTS", `Resource '${name}' already exists`, { reason: "alreadyExists" });
}

/** 400 for a value that the API refuses. */
export function invalid(message: string): GoogleError {
  return new GoogleError("INVALID_ARGUMENT", message, { reason: "badRequest" });
}

/** 501 for what the real API can do and the local cloud cannot. */
export function unimplemented(message: string): GoogleError {
  return new GoogleError("UNIMPLEMENTED", `${message} (Google has it, the local cloud does not)`, {
    malformed: true,
  });
}
