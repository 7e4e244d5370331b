import { enableCompileCache } from "node:module";

/** What this program prints, as JSON. */
export interface ReadTree {
  readonly files: number;
  /** Listing, looking at and digesting all files, without the start of the process, in seconds. */
  readonly seconds: number;
  /** The process's largest resident set, in MB. */
  readonly peakMb: number;
}

// As the command line does: modules are compiled once per machine.
enableCompileCache();
const { workTree } = await import("../chain/context/workTree.ts");

const [folder = ".", statCache] = process.argv.slice(2);
const start = performance.now();
const tree = workTree(folder, statCache === undefined ? {} : { statCache });
const files = filesOf("");
await tree.digests(files);
const seconds = (performance.now() - start) / 1000;
const result: ReadTree = { files: files.length, seconds, peakMb: process.resourceUsage().maxRSS / 1000 };
process.stdout.write(`${JSON.stringify(result)}\n`);

function filesOf(folder: string): string[] {
  return tree.children(folder).flatMap((name) => {
    if (name === ".git") return [];
    const path = folder === "" ? name : `${folder}/${name}`;
    const kind = tree.entry(path)?.kind;
    if (kind === "directory") return filesOf(path);
    return kind === "file" ? [path] : [];
  });
}
