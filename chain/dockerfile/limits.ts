/**
 * Variables can make a small Dockerfile large: twenty-six lines that each name the one before twice are a gigabyte. A
 * pull request's Dockerfile is read on the machine that plans, so what would grow beyond these limits is refused. No
 * image needs a hundredth of them.
 */

/** How many characters variables may put into one word or here-document. */
export const MOST_INSERTED = 1024 * 1024;

/** How deep expressions may stand inside each other, as in ${A:-${B:-${C}}}. */
export const MOST_NESTED = 500;

/** How many characters the variables that the commands of a stage get may have together. */
export const MOST_ENVIRONMENT = 1024 * 1024;

/** How many comparisons one pattern of ${name#pattern} may take: characters of the value times those of the pattern. */
export const MOST_COMPARISONS = 16 * 1024 * 1024;

/** How many characters the instructions of a target may have together, and what each stage takes over from its base. */
export const MOST_TEXT = 64 * 1024 * 1024;

/** What is left of MOST_TEXT while a target is evaluated. */
export class Allowance {
  private left = MOST_TEXT;

  /** Takes an amount away. False where there is not so much left. */
  spend(amount: number): boolean {
    this.left -= amount;
    return this.left >= 0;
  }
}
