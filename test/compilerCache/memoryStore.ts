import type { Content, StoredObject } from "../../cloud/objectStore.ts";
import type { EntryStore } from "../../compilerCache/entries.ts";

/** A store in memory that a test can look into and break. */
export class MemoryStore implements EntryStore {
  readonly objects = new Map<string, Uint8Array<ArrayBuffer>>();
  /** Runs before every call; may wait or throw. */
  before: (call: "read" | "write" | "remove") => Promise<void> = async () => {};
  calls = 0;

  async read<T>(name: string, use: (object: StoredObject) => Promise<T>): Promise<T | undefined> {
    this.calls++;
    await this.before("read");
    const bytes = this.objects.get(name);
    if (bytes === undefined) return undefined;
    const body = (async function* () {
      yield bytes;
    })();
    return use({ size: bytes.length, generation: "1", body });
  }

  async write(name: string, content: Content): Promise<string> {
    this.calls++;
    await this.before("write");
    if (!(content instanceof Uint8Array)) throw new Error("entries are written as bytes");
    this.objects.set(name, content);
    return "1";
  }

  async remove(name: string): Promise<void> {
    this.calls++;
    await this.before("remove");
    this.objects.delete(name);
  }
}
