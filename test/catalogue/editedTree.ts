import { createHash } from "node:crypto";
import type { FileTree, TreeEntry } from "../../chain/context/tree.ts";

/** A tree in which the texts of some files are others. */
export class EditedTree implements FileTree {
  readonly label: string;
  readonly #tree: FileTree;
  readonly #edits: ReadonlyMap<string, (text: string) => string>;

  constructor(tree: FileTree, edits: ReadonlyMap<string, (text: string) => string>) {
    this.label = tree.label;
    this.#tree = tree;
    this.#edits = edits;
  }

  entry(path: string): TreeEntry | undefined {
    const entry = this.#tree.entry(path);
    return entry?.kind === "file" && this.#edits.has(path) ? { ...entry, size: this.read(path).length } : entry;
  }

  children(path: string): readonly string[] {
    return this.#tree.children(path);
  }

  read(path: string): Buffer {
    const edit = this.#edits.get(path);
    const bytes = this.#tree.read(path);
    return edit ? Buffer.from(edit(bytes.toString("utf8"))) : bytes;
  }

  /** The folder above, with the same edits below this one's name. */
  holder(): FileTree | undefined {
    const above = this.#tree.holder?.();
    if (above === undefined) return undefined;
    const name = this.label.split("/").at(-1);
    return new EditedTree(above, new Map([...this.#edits].map(([path, edit]) => [`${name}/${path}`, edit])));
  }

  async digests(paths: readonly string[]): Promise<readonly string[]> {
    const untouched = paths.filter((path) => !this.#edits.has(path));
    const digests = await this.#tree.digests(untouched);
    const known = new Map(untouched.map((path, index) => [path, digests[index] ?? ""]));
    return paths.map((path) => known.get(path) ?? createHash("sha256").update(this.read(path)).digest("hex"));
  }
}
