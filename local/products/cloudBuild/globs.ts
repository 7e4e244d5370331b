/**
 * Whether a path fits one of a trigger's globs: Go's `filepath.Match` and `**`, which stands for any number of folders.
 */
export function matchesAny(globs: readonly string[], path: string): boolean {
  return globs.some((glob) => globPattern(glob).test(path));
}

function globPattern(glob: string): RegExp {
  let pattern = "";
  for (let index = 0; index < glob.length; index++) {
    const rest = glob.slice(index);
    const set = /^\[(\^?)([^\]]+)\]/.exec(rest);
    if (rest.startsWith("**/")) {
      pattern += "(?:[^/]+/)*";
      index += 2;
    } else if (rest.startsWith("**")) {
      pattern += ".*";
      index += 1;
    } else if (set) {
      pattern += `[${set[1]}${set[2]?.replaceAll("\\", "\\\\")}]`;
      index += set[0].length - 1;
    } else if (rest.startsWith("*")) pattern += "[^/]*";
    else if (rest.startsWith("?")) pattern += "[^/]";
    else pattern += (glob[index] ?? "").replace(/[\\^$.|+(){}[\]]/g, "\\$&");
  }
  return new RegExp(`^${pattern}$`);
}

/**
 * Whether changed files set a trigger off: not if all of them are ignored, and where files are included only if one of
 * the others is. A push whose files are not known sets it off.
 */
export function filesMatch(files: readonly string[], included: readonly string[], ignored: readonly string[]): boolean {
  if (files.length === 0) return true;
  const counted = files.filter((file) => !matchesAny(ignored, file));
  if (counted.length === 0) return false;
  return included.length === 0 || counted.some((file) => matchesAny(included, file));
}
