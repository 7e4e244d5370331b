import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Content, StoredObject } from "../cloud/objectStore.ts";
import { errorCode } from "../cloud/systemError.ts";
import type { EntryStore } from "./entries.ts";

/** A local folder in the place of a bucket: for trying the service out and for measuring it. */
export class FolderStore implements EntryStore {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Read at once and not by threads: handing a small file that the system has in memory to a thread and back takes
   * several times as long as reading it.
   */
  async read<T>(name: string, use: (object: StoredObject) => Promise<T>): Promise<T | undefined> {
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(this.folder, name));
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
    return use({ size: bytes.length, generation: "", body: pieces(bytes) });
  }

  async write(name: string, content: Content): Promise<string> {
    const path = join(this.folder, name);
    const beside = `${path}.${randomUUID()}`;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(beside, content instanceof Uint8Array ? content : content());
    await rename(beside, path);
    return "";
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.folder, name), { force: true });
  }
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
