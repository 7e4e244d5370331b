import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const made: string[] = [];

/** What a path of a test folder holds: a file's text or bytes, a symlink, an executable, an empty directory. */
export type Content = string | Uint8Array | { link: string } | { executable: string } | { directory: true };

/** Makes a folder under the system's temporary folder with these contents. `removeFolders` removes it. */
export function folderWith(contents: Readonly<Record<string, Content>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "strata-test-"));
  made.push(folder);
  fill(folder, contents);
  return folder;
}

/** Writes contents into a folder. */
export function fill(folder: string, contents: Readonly<Record<string, Content>>): void {
  for (const [path, content] of Object.entries(contents)) {
    const full = join(folder, path);
    mkdirSync(dirname(full), { recursive: true });
    if (typeof content === "string" || content instanceof Uint8Array) writeFileSync(full, content);
    else if ("link" in content) symlinkSync(content.link, full);
    else if ("directory" in content) mkdirSync(full, { recursive: true });
    else {
      writeFileSync(full, content.executable);
      chmodSync(full, 0o755);
    }
  }
}

/** Removes what `folderWith` made. */
export function removeFolders(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Runs git in a folder with an identity and settings of its own, and returns what it printed. */
export function git(folder: string, args: readonly string[], input?: string | Uint8Array): string {
  const settings = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "core.autocrlf=false"];
  return execFileSync("git", ["-C", folder, ...settings, ...args], {
    input,
    stdio: ["pipe", "pipe", "pipe"],
  }).toString();
}

/** Makes a folder a repository with one commit of all that is in it. */
export function commitAll(folder: string): void {
  git(folder, ["init", "-q", "-b", "main"]);
  git(folder, ["add", "-A"]);
  git(folder, ["commit", "-q", "-m", "state"]);
}
