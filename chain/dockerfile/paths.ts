import { cleanPath as cleanKnownPath } from "../context/goPath.ts";
import { isSymbolic, splitAroundSymbols, startsWithSymbol, symbol } from "./symbols.ts";

/**
 * Go's `path.Clean` for a path that may have symbols in it. What a symbol stands for may have slashes, so ".." behind
 * one stays: "/a/<x>/.." can be any folder.
 */
export function cleanPath(path: string): string {
  if (!isSymbolic(path)) return cleanKnownPath(path);
  const absolute = path.startsWith("/");
  const kept: string[] = [];
  for (const part of splitAroundSymbols(path, "/")) {
    const above = kept.at(-1);
    if (part === "" || part === ".") continue;
    if (part !== "..") kept.push(part);
    else if (above === undefined ? !absolute : above === ".." || isSymbolic(above)) kept.push(part);
    else kept.pop();
  }
  return `${absolute ? "/" : ""}${kept.join("/")}`;
}

/**
 * A path as seen from a folder, cleaned: an absolute one stands for itself. One that starts with a symbol may be
 * absolute or not, which makes the place that it starts at a symbol of its own.
 */
export function pathFrom(folder: string, path: string): string {
  if (path.startsWith("/")) return cleanPath(path);
  const base = cleanPath(folder);
  if (!startsWithSymbol(path) || base === "/") return cleanPath(`${base}/${path}`);
  const [first = "", ...more] = splitAroundSymbols(path, "/");
  return cleanPath([symbol(`${base}/${first}`), ...more].join("/"));
}
