import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownGit } from "../toolbox/ownGit.ts";

const FILES_PER_FOLDER = 100;
const FOLDERS_PER_FOLDER = 10;

/** Contents are cut from so many pseudo-random bytes, the same on every machine. */
const NOISE = createHash("shake256", { outputLength: 1 << 20 })
  .update("strata")
  .digest();

/** A tree of files that a benchmark reads. */
export interface GeneratedTree {
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
  /** All files, relative to the folder, each ended by a zero byte, in a file beside the folder. */
  readonly list: string;
  remove(): void;
}

/**
 * Makes a Git repository of so many committed files, of 4 to 12 kB and 8 kB on average, a hundred to a folder, under
 * the system's temporary folder. No two are the same.
 */
export function generatedTree(files: number): GeneratedTree {
  const home = mkdtempSync(join(tmpdir(), "strata-bench-"));
  const folder = join(home, "tree");
  const paths: string[] = [];
  let bytes = 0;
  for (let i = 0; i < files; i++) {
    const number = Math.floor(i / FILES_PER_FOLDER);
    const parent = `package${Math.floor(number / FOLDERS_PER_FOLDER)}/module${number % FOLDERS_PER_FOLDER}`;
    if (i % FILES_PER_FOLDER === 0) mkdirSync(join(folder, parent), { recursive: true });
    const content = contentOf(i);
    writeFileSync(join(folder, parent, `file${i}.py`), content);
    paths.push(`${parent}/file${i}.py\0`);
    bytes += content.length;
  }
  const list = join(home, "list");
  writeFileSync(list, paths.join(""));
  ownGit(folder, "init", "-q");
  ownGit(folder, "add", "-A");
  ownGit(folder, "commit", "-q", "-m", "tree");
  return { folder, files, bytes, list, remove: () => rmSync(home, { recursive: true, force: true }) };
}

function contentOf(i: number): Buffer {
  const size = 4096 + ((i * 7919) % 8192);
  const start = (i * 104_729) % (NOISE.length - size);
  const content = Buffer.from(NOISE.subarray(start, start + size));
  content.writeUInt32LE(i);
  return content;
}
