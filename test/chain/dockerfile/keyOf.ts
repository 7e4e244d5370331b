import { buildOptions, collectTarget, readDockerfile } from "../../../chain/inputs.ts";
import { memoryTree } from "../context/memoryTree.ts";
import { DIGEST } from "../smallChain.ts";

/** What a Dockerfile of these tests can copy. */
export const contextFiles = { a: "a", "d/a": "a", "x/d/a": "a", "y/d/a": "a" } as const;

/** The key of a Dockerfile whose base images are known by digest alone. */
export async function keyOf(dockerfile: string, given: Parameters<typeof buildOptions>[0] = {}): Promise<string> {
  const tree = memoryTree({ ...contextFiles, Dockerfile: dockerfile });
  const digests = new Map(["base:1", "base:2", "files:1"].map((name) => [`docker.io/library/${name}`, DIGEST]));
  const source = {
    dockerfile: { tree, path: "Dockerfile" },
    context: tree,
    lock: { file: "bases.lock.yaml", digests },
  };
  return (await collectTarget(readDockerfile(source.dockerfile), source, buildOptions(given))).inputs.key;
}

/** Lines in a stage that the target uses through COPY --from alone, so that its history does not count. */
export function besides(lines: string, from = "base:1"): string {
  return `FROM ${from} AS beside\n${lines}\nFROM scratch\nCOPY --from=beside / /\n`;
}
