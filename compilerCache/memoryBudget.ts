/**
 * Bytes that may be held in memory at the same time. Who wants to hold some asks first and waits in line; who has
 * waited too long goes without.
 */
export class MemoryBudget {
  private free: number;
  private readonly waiting: Waiting[] = [];
  /** No single request may ask for more. */
  readonly largest: number;

  constructor(bytes: number) {
    this.free = bytes;
    this.largest = Math.floor(bytes / 4);
  }

  /** Whether `bytes` were set aside within `milliseconds`; they must be given back with {@link release}. */
  take(bytes: number, milliseconds: number): Promise<boolean> {
    if (bytes > this.largest) return Promise.resolve(false);
    if (this.waiting.length === 0 && bytes <= this.free) {
      this.free -= bytes;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const waiting: Waiting = { bytes, resolve, timer: setTimeout(() => this.giveUp(waiting), milliseconds) };
      this.waiting.push(waiting);
    });
  }

  release(bytes: number): void {
    this.free += bytes;
    this.serve();
  }

  private giveUp(waiting: Waiting): void {
    this.waiting.splice(this.waiting.indexOf(waiting), 1);
    waiting.resolve(false);
    this.serve();
  }

  private serve(): void {
    for (let next = this.waiting[0]; next !== undefined && next.bytes <= this.free; next = this.waiting[0]) {
      this.waiting.shift();
      clearTimeout(next.timer);
      this.free -= next.bytes;
      next.resolve(true);
    }
  }
}

interface Waiting {
  readonly bytes: number;
  readonly resolve: (taken: boolean) => void;
  readonly timer: NodeJS.Timeout;
}

/** What one piece of work holds of a budget: given back as a whole, also by work that goes on after it was given up. */
export class Hold {
  private readonly budget: MemoryBudget;
  private bytes = 0;
  private given = false;

  constructor(budget: MemoryBudget) {
    this.budget = budget;
  }

  /** Whether the hold has been given back; what still runs under it must stop. */
  get over(): boolean {
    return this.given;
  }

  async take(bytes: number, milliseconds: number): Promise<boolean> {
    if (!(await this.budget.take(bytes, milliseconds))) return false;
    if (this.given) {
      this.budget.release(bytes);
      return false;
    }
    this.bytes += bytes;
    return true;
  }

  release(): void {
    this.given = true;
    this.budget.release(this.bytes);
    this.bytes = 0;
  }
}
