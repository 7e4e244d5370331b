import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { UserError } from "../chain/errors.ts";
import type { RepositoryEvent } from "./products/cloudBuild/triggerRuns.ts";

const run = promisify(execFile);

/** Where a push is read from. */
export interface PushSource {
  readonly repository: string;
  readonly branch: string;
  /** A Git checkout that has the commits. */
  readonly checkout: string;
  readonly commit: string;
  /** The branch's commit before; the first parent if left out. */
  readonly before?: string;
  /** Number of the pull request; absent for a push. */
  readonly pullRequest?: number;
  /** Whether the steps of the builds that it sets off run for real, as processes of this machine. */
  readonly run?: boolean;
}

/** Reads from a Git checkout what a Git host would tell Cloud Build of a push or pull request. */
export async function readRepositoryEvent(source: PushSource): Promise<RepositoryEvent> {
  const git = (...words: string[]) => gitOutput(source.checkout, words);
  const commit = (await git("rev-parse", `${source.commit}^{commit}`)).trim();
  const before = source.before ?? (await parentOf(commit, git));
  const files = (await git("diff", "--name-only", "-z", before, commit)).split("\0").filter(Boolean);
  const all = (await git("ls-tree", "-r", "--name-only", "-z", commit)).split("\0");
  const paths = all.filter((path) => /cloudbuild[^/]*\.ya?ml$/.test(path));
  const configs = await Promise.all(paths.map(async (path) => [path, await git("show", `${commit}:${path}`)] as const));
  return {
    kind: source.pullRequest === undefined ? "push" : "pullRequest",
    repository: source.repository,
    branch: source.branch,
    commit,
    files,
    configs: Object.fromEntries(configs),
    ...(source.pullRequest !== undefined && { pullRequest: source.pullRequest }),
    ...(source.run && {
      checkout: (await git("rev-parse", "--path-format=absolute", "--git-common-dir")).trim(),
    }),
  };
}

/** The tree that has nothing, which a branch's first commit is compared with. */
const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

async function parentOf(commit: string, git: (...words: string[]) => Promise<string>): Promise<string> {
  const [, parent] = (await git("rev-list", "--parents", "-n", "1", commit)).trim().split(" ");
  return parent ?? EMPTY_TREE;
}

async function gitOutput(checkout: string, words: readonly string[]): Promise<string> {
  try {
    return (await run("git", ["-C", checkout, ...words], { maxBuffer: 64 << 20 })).stdout;
  } catch (error) {
    throw new UserError(
      {
        problem: `git ${words[0]} failed: ${(error as { stderr?: string }).stderr?.trim()}`,
        value: checkout,
        allowed: "a Git checkout that has the commit",
        fix: "name it with --checkout and --commit",
      },
      { cause: error },
    );
  }
}
