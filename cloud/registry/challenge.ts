/** What a registry asks for in the WWW-Authenticate header of a 401. */
export interface Challenge {
  /** In lower case: `bearer` or `basic`. */
  readonly scheme: string;
  /** `realm`, `service`, `scope` …, names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Reads the first challenge that a client of registries can answer, `Bearer` before `Basic`; undefined if there is
 * none. Values may be quoted, with commas and escaped characters inside (RFC 9110, section 11.6.1).
 */
export function parseChallenge(header: string): Challenge | undefined {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  const token = /\s*(?:([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))|([\w-]+))\s*,?/y;
  for (let match = token.exec(header); match !== null; match = token.exec(header)) {
    const [, name, quoted, bare, scheme] = match;
    if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    const value = quoted?.replace(/\\(.)/g, "$1") ?? bare;
    if (name !== undefined && value !== undefined) challenges.at(-1)?.parameters.set(name.toLowerCase(), value);
  }
  return challenges.find(({ scheme }) => scheme === "bearer") ?? challenges.find(({ scheme }) => scheme === "basic");
}
