import { UserError } from "../errors.ts";

/** How a flag's value is read: given once, given any number of times, or true and false. */
export type FlagKind = "text" | "list" | "truth";

/** The flags that an instruction was given. */
export class Flags {
  private readonly texts = new Map<string, string>();
  private readonly lists = new Map<string, string[]>();

  constructor(
    words: readonly string[],
    allowed: Readonly<Record<string, FlagKind>>,
    at: { readonly file: string; readonly line: number },
    keyword: string,
  ) {
    for (const word of words) {
      const equals = word.indexOf("=");
      const name = word.slice(2, equals === -1 ? undefined : equals);
      const value = equals === -1 ? undefined : word.slice(equals + 1);
      const kind = word.startsWith("--") && Object.hasOwn(allowed, name) ? allowed[name] : undefined;
      const refuse = (problem: string, accepted: string) =>
        new UserError({ problem: `${keyword}: ${problem}`, value: word, allowed: accepted, at });
      if (kind === undefined) {
        const names = Object.keys(allowed).map((one) => `--${one}`);
        throw refuse("unknown flag", names.length === 0 ? "no flags" : names.join(", "));
      }
      if (kind === "list") {
        if (value === undefined) throw refuse("the flag has no value", `--${name}=VALUE`);
        const list = this.lists.get(name);
        if (list) list.push(value);
        else this.lists.set(name, [value]);
        continue;
      }
      if (this.texts.has(name)) throw refuse("the flag is given twice", `--${name} once`);
      if (kind === "text") {
        if (value === undefined) throw refuse("the flag has no value", `--${name}=VALUE`);
        this.texts.set(name, value);
        continue;
      }
      const truth = (value ?? "true").toLowerCase();
      if (truth !== "true" && truth !== "false") throw refuse("the flag is neither true nor false", "true, false");
      this.texts.set(name, truth);
    }
  }

  /** The value of a text flag; the default where it was not given. */
  text(name: string, otherwise = ""): string {
    return this.texts.get(name) ?? otherwise;
  }

  /** The values of a list flag, in order. */
  list(name: string): readonly string[] {
    return this.lists.get(name) ?? [];
  }

  /** Whether a truth flag was given as true. */
  truth(name: string): boolean {
    return this.texts.get(name) === "true";
  }

  /** The same, undefined where it was not given. */
  optionalTruth(name: string): boolean | undefined {
    return this.texts.has(name) ? this.truth(name) : undefined;
  }
}
