/** How often and how patiently a call that failed for a passing reason is made again. */
export interface RetryPolicy {
  /** Attempts in all, the first one included. */
  readonly attempts: number;
  /** Pause before the second attempt, in milliseconds; it doubles from there. */
  readonly firstDelayMs: number;
  /** No pause is longer, and a server that asks for a longer one is not asked again. */
  readonly longestDelayMs: number;
}

/** For calls that a build or a plan cannot go on without: gives up after about half a minute of pauses. */
export const patientRetries: RetryPolicy = { attempts: 7, firstDelayMs: 500, longestDelayMs: 15_000 };

/** A failure that may pass by itself: throttling, a server's own error, a cut connection, no answer in time. */
export class TransientError extends Error {
  override readonly name = "TransientError";
  /** The HTTP status, where the server gave one. */
  readonly status: number | undefined;
  /** How long the server asked to wait (Retry-After), in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, detail: { status?: number; retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: detail.cause });
    this.status = detail.status;
    this.retryAfterMs = detail.retryAfterMs;
  }
}

/**
 * Makes a call until it succeeds, fails for good, or the policy is used up; then the last error is thrown. Only a
 * {@link TransientError} is tried again, so whether a call may be repeated is decided where the call is made. Pauses
 * double and are spread over their upper half, so that many clients that failed together do not come back together.
 */
export async function withRetries<T>(policy: RetryPolicy, call: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call(attempt);
    } catch (error) {
      if (!(error instanceof TransientError) || attempt >= policy.attempts) throw error;
      const asked = error.retryAfterMs ?? 0;
      if (asked > policy.longestDelayMs) throw error;
      const backOff = Math.min(policy.longestDelayMs, policy.firstDelayMs * 2 ** (attempt - 1));
      await pause(Math.max(asked, backOff * (0.5 + Math.random() / 2)));
    }
  }
}

/** Resolves after so many milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
