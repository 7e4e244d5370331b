/** UTF-16 surrogates: the only code units whose order differs from the order of the UTF-8 bytes they stand for. */
const SURROGATE = /[\ud800-\udfff]/;

/**
 * Sorts strings in place by their UTF-8 bytes, as Git and tar sort paths, and returns them. JavaScript's own order is
 * that of UTF-16 code units, which is the same except where a character beyond U+FFFF meets one from U+E000 to U+FFFF.
 */
export function sortByBytes(strings: string[]): string[] {
  return strings.some((string) => SURROGATE.test(string)) ? strings.sort(compareBytes) : strings.sort();
}

/** The order of two strings by their UTF-8 bytes: negative, zero or positive. */
export function compareBytes(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length);
  for (let i = 0; i < shorter; i++) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    if (a !== b) return isSurrogate(a) === isSurrogate(b) ? a - b : isSurrogate(a) ? 1 : -1;
  }
  return left.length - right.length;
}

/** A surrogate stands for a character beyond U+FFFF, so it sorts after every code unit that is a character itself. */
function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
