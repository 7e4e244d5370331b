/** How many failures in a row mean that the store is away. */
const failuresToOpen = 3;

/**
 * Keeps compiles from waiting for a store that is away: after three failures in a row nothing is asked of it for a
 * while, then one call at a time tries whether it is back.
 */
export class Breaker {
  private readonly pauseMs: number;
  private readonly changed: (away: boolean, reason: string) => void;
  private failures = 0;
  private awayUntil = 0;
  private trying = false;

  /** `changed` hears when the store is found away, with the last failure, and when it is found back. */
  constructor(pauseMs: number, changed: (away: boolean, reason: string) => void) {
    this.pauseMs = pauseMs;
    this.changed = changed;
  }

  /** Whether a call may be made now; its outcome must be told with {@link succeeded} or {@link failed}. */
  allows(): boolean {
    if (this.failures < failuresToOpen) return true;
    if (this.trying || Date.now() < this.awayUntil) return false;
    this.trying = true;
    return true;
  }

  succeeded(): void {
    const wasAway = this.failures >= failuresToOpen;
    this.failures = 0;
    this.trying = false;
    if (wasAway) this.changed(false, "");
  }

  failed(reason: string): void {
    this.failures++;
    this.trying = false;
    this.awayUntil = Date.now() + this.pauseMs;
    if (this.failures === failuresToOpen) this.changed(true, reason);
  }
}
