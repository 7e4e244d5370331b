import { setTimeout } from "node:timers/promises";
import type { EntryStore } from "../compilerCache/entries.ts";
import { FolderStore } from "../compilerCache/folderStore.ts";
import { CompilerCacheService } from "../compilerCache/service.ts";

/**
 * Serves a compiler cache from a folder whose every answer is put off, as a bucket's distance would; prints the value
 * for CCACHE_REMOTE_STORAGE, and serves until it is ended. Run as `node bench/cacheService.ts FOLDER MILLISECONDS`.
 */
const [folder = "", delay = "0"] = process.argv.slice(2);
const near = new FolderStore(folder);
const far = Number(delay) === 0 ? near : putOff(near, Number(delay));
const service = await CompilerCacheService.start({
  store: far,
  prefix: "entries",
  readOnly: false,
  host: "127.0.0.1",
  port: 0,
});
process.stdout.write(`${service.remoteStorage}\n`);

function putOff(store: EntryStore, milliseconds: number): EntryStore {
  return {
    async read(name, use) {
      await setTimeout(milliseconds);
      return store.read(name, use);
    },
    async write(name, content) {
      await setTimeout(milliseconds);
      return store.write(name, content);
    },
    async remove(name) {
      await setTimeout(milliseconds);
      return store.remove(name);
    },
  };
}
