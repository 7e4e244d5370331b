/** Where in the user's files a problem lies. */
export interface Location {
  /** The file's path as the user would write it. */
  readonly file: string;
  /** 1-based line, where the problem has one. */
  readonly line?: number;
}

/** The parts of an error that a user can act on. */
export interface Problem {
  /** What is wrong, in the user's words. */
  readonly problem: string;
  /** The value received, where there is one. */
  readonly value?: string;
  /** What would have been accepted. */
  readonly allowed?: string;
  /** What to do about it: a command or an edit. */
  readonly fix?: string;
  /** Where it is. */
  readonly at?: Location;
}

/**
 * A mistake in the user's input, not in strata. Its message carries the place, the problem, the value received, what
 * is allowed and the fix; a command prints it without a stack trace and exits 1.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  /** The same as the message, in parts. */
  readonly detail: Problem;

  constructor(detail: Problem, options?: ErrorOptions) {
    super(describe(detail), options);
    this.detail = detail;
  }
}

function describe({ problem, value, allowed, fix, at }: Problem): string {
  const place = at ? `${at.file}${at.line === undefined ? "" : `:${at.line}`}: ` : "";
  const lines = [`${place}${problem}`];
  if (value !== undefined) lines.push(`  received: ${value}`);
  if (allowed !== undefined) lines.push(`  allowed:  ${allowed}`);
  if (fix !== undefined) lines.push(`  fix:      ${fix}`);
  return lines.join("\n");
}
