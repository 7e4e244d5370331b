import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm, writeFile } from "node:fs/promises";
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

  async read<T>(name: string, use: (object: StoredObject) => Promise<T>): Promise<T | undefined> {
    let file: Awaited<ReturnType<typeof open>>;
    try {
      file = await open(join(this.folder, name));
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
    try {
      const { size, mtimeNs } = await file.stat({ bigint: true });
      return await use({
        size: Number(size),
        generation: String(mtimeNs),
        body: file.createReadStream({ autoClose: false }),
      });
    } finally {
      await file.close();
    }
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
