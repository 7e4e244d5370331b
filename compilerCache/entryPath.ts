const key = /^[0-9a-z]{20,64}$/;

/**
 * The key in the path of a request of ccache, in each of its layouts: `/KEY` (flat), `/ab/REST` (subdirs) and
 * `/ac/HEX` (bazel); undefined for any other path. The same entry asked for in the first two layouts is one entry.
 */
export function keyInPath(path: string): string | undefined {
  const [, first = "", second, ...more] = path.split("/");
  if (more.length > 0) return undefined;
  const joined = second === undefined ? first : first.length === 2 && first !== "ac" ? first + second : second;
  const known = second === undefined || first.length === 2;
  return known && key.test(joined) ? joined : undefined;
}
