/** A lock that is held. It renews itself until it is released. */
export interface HeldLock {
  /** Throws {@link LockLost} unless the lock is still held now: to be called right before what it protects. */
  confirm(): Promise<void>;
  /** Lets go and leaves a note for whoever holds the lock next. Without a note the last one stays. */
  release(note?: string): Promise<void>;
}

/** Locks by name, seen by all machines that share a bucket. */
export interface Locks {
  /**
   * Waits for the lock and takes it, unless the note that a holder left is answer enough: then the lock is left alone,
   * so that many who wait for the same answer do not take turns for it. `answer` is asked once for each change of the
   * lock. A lock whose holder has gone is taken over once its lease has ended.
   */
  acquireUnless<T>(
    name: string,
    answer: (note: string) => Promise<T | undefined>,
  ): Promise<{ readonly lock: HeldLock } | { readonly answer: T }>;
}

/** The lock was taken over: this process was stopped or cut off for longer than the lease. */
export class LockLost extends Error {
  override readonly name = "LockLost";
}
