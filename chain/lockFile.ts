import { isMap, isScalar, parseDocument } from "yaml";
import { fullName } from "./bases.ts";

const EMPTY = "# Digests of base images; `strata lock` refreshes this file.\nimages: {}\n";

/**
 * The text of bases.lock.yaml with these digests in it. Comments and order stay; a comment beside a digest that is
 * replaced goes, because it spoke of the old value.
 * @param text the file as it is, "" where there is none
 * @param digests by the names that Dockerfiles use
 */
export function withDigests(text: string, digests: ReadonlyMap<string, string>): string {
  const document = parseDocument(text.trim() === "" ? EMPTY : text);
  for (const [name, digest] of digests) {
    const images = document.get("images");
    // An entry a line, also where the map was empty.
    if (isMap(images) && images.items.length === 0) images.flow = false;
    const pair = isMap(images)
      ? images.items.find(({ key }) => isScalar(key) && fullName(String(key.value)) === fullName(name))
      : undefined;
    const key = isScalar(pair?.key) ? String(pair.key.value) : name;
    document.setIn(["images", key, "digest"], document.createNode(digest));
  }
  return document.toString({ lineWidth: 0 });
}
