import { execFileSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { neededPaths, selectForCopy } from "../../../chain/context/select.ts";
import type { FileTree } from "../../../chain/context/tree.ts";
import { UserError } from "../../../chain/errors.ts";
import { available } from "../../../toolbox/available.ts";
import { type Buildkitd, startBuildkitd } from "../../../toolbox/buildkitd.ts";
import { someNodes, somePath, somePattern } from "./arbitraries.ts";
import { memoryTree } from "./memoryTree.ts";

const { tools, reason } = available(["buildkitd", "buildctl", "runc"]);
const built = tools ? test : (name: string, _: () => void, __: number) => test.skip(`${name} (${reason})`, () => {});

let daemon: Buildkitd | undefined;
let work = "";
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "strata-select-"));
  if (tools) daemon = await startBuildkitd(tools);
});
afterAll(async () => {
  await daemon?.stop();
  rmSync(work, { recursive: true, force: true });
});

const plainPattern = somePattern.filter((pattern) => !pattern.startsWith("!"));
const copies = fc.record({
  nodes: someNodes,
  parents: fc.boolean(),
  sources: fc.array(fc.oneof(fc.constant("."), somePath, plainPattern), { minLength: 1, maxLength: 2 }),
  exclude: fc.oneof(fc.constant<string[]>([]), fc.array(somePattern, { maxLength: 2 })),
});

built(
  "BuildKit copies the same from the needed paths alone as from the whole context, and fails where we refuse",
  () => {
    const seen = { same: 0, refused: 0 };
    for (const { nodes, ...copy } of fc.sample(copies, { numRuns: 100, seed: 22 })) {
      // A file of the context that another instruction reads, so that no build has an empty result.
      const tree = memoryTree({ ...nodes, always: "there" });
      const flags = [...(copy.parents ? ["--parents"] : []), ...copy.exclude.map((pattern) => `--exclude=${pattern}`)];
      const dockerfile = [
        "FROM scratch",
        'COPY ["always", "/"]',
        ["COPY", ...flags, JSON.stringify([...copy.sources, "/target/"])].join(" "),
      ].join("\n");
      const needed = needs(tree, copy);
      if (needed === undefined && seen.refused++ > 10) continue;
      const whole = build(tree, () => true, dockerfile);
      if (needed === undefined) {
        expect({ dockerfile, nodes, whole }).toMatchObject({ whole: "failed" });
      } else {
        const packed = build(tree, (path) => path === "always" || needed.has(path), dockerfile);
        expect({ dockerfile, nodes, packed }).toEqual({ dockerfile, nodes, packed: whole });
        if (whole !== "failed") seen.same++;
      }
    }
    expect(seen.same).toBeGreaterThan(20);
  },
  180_000,
);

function needs(tree: FileTree, copy: Parameters<typeof selectForCopy>[1]): ReadonlySet<string> | undefined {
  try {
    return neededPaths([selectForCopy(tree, copy)]);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** What a Dockerfile builds from those paths of a tree: every path with its content, or "failed". */
function build(tree: FileTree, has: (path: string) => boolean, dockerfile: string): string[] | "failed" {
  const folder = mkdtempSync(join(work, "build-"));
  const context = join(folder, "context");
  mkdirSync(context);
  write(tree, "", context, has);
  mkdirSync(join(folder, "dockerfile"));
  writeFileSync(join(folder, "dockerfile", "Dockerfile"), dockerfile);
  const result = join(folder, "result");
  const args = ["--addr", daemon?.address ?? "", "build", "--progress=plain", "--frontend", "dockerfile.v0"];
  const locals = ["--local", `context=${context}`, "--local", `dockerfile=${join(folder, "dockerfile")}`];
  try {
    execFileSync(tools?.buildctl.path ?? "", [...args, ...locals, "--output", `type=local,dest=${result}`], {
      stdio: ["ignore", "ignore", "pipe"],
      encoding: "utf8",
    });
    return contents(result, "");
  } catch (error) {
    if (/failed to solve/.test(String((error as { stderr?: unknown }).stderr))) return "failed";
    throw error;
  }
}

function write(tree: FileTree, path: string, root: string, has: (path: string) => boolean): void {
  for (const name of tree.children(path)) {
    const child = path === "" ? name : `${path}/${name}`;
    if (!has(child)) continue;
    const entry = tree.entry(child);
    const target = join(root, child);
    mkdirSync(dirname(target), { recursive: true });
    if (entry?.kind === "directory") mkdirSync(target);
    else if (entry?.kind === "symlink") symlinkSync(entry.target, target);
    else writeFileSync(target, tree.read(child));
    write(tree, child, root, has);
  }
}

function contents(root: string, path: string): string[] {
  return readdirSync(join(root, path))
    .sort()
    .flatMap((name) => {
      const child = join(path, name);
      const stat = lstatSync(join(root, child));
      if (stat.isDirectory()) return [`${child}/`, ...contents(root, child)];
      return [stat.isSymbolicLink() ? `${child}@` : `${child}=${readFileSync(join(root, child), "utf8")}`];
    });
}
