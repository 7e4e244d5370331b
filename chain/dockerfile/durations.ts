const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Nanoseconds of a duration in Go's notation ("1h2m3.5s"); undefined where the text is none. */
export function parseDuration(text: string): number | undefined {
  const sign = /^[+-]/.exec(text)?.[0] ?? "";
  const body = text.slice(sign.length);
  if (body === "0") return 0;
  // One amount after the other, because a pattern for all of them would be tried in every way to divide their digits.
  const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;
  let total = 0;
  do {
    const [, amount, unit = ""] = part.exec(body) ?? [];
    if (amount === undefined) return undefined;
    total += Math.trunc(Number(amount) * (UNITS[unit] ?? 0));
  } while (part.lastIndex < body.length);
  return sign === "-" ? -total : total;
}
