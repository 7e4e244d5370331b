/** Something that makes an image unkeyable, unrepeatable or unsafe. */
export interface Finding {
  /** An error makes the result wrong or unsafe; a warning lets it drift. */
  readonly severity: "error" | "warning";
  /** The rule's name, by which it is excused in place. */
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly problem: string;
  readonly fix: string;
}
