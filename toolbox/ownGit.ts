import { execFileSync } from "node:child_process";

/** Whose commits these are; nobody signs them. */
const NOBODY = ["-c", "user.name=strata", "-c", "user.email=strata@localhost", "-c", "commit.gpgsign=false"];

/**
 * Runs Git in a repository that strata makes for itself, without the user's settings and hooks.
 *
 * @returns what Git printed, without the line's end.
 * @throws Error where Git fails, or is not on the PATH.
 */
export function ownGit(folder: string, ...words: readonly string[]): string {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
  const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
  return execFileSync("git", ["-C", folder, ...NOBODY, ...words], { env, stdio, encoding: "utf8" }).trim();
}
