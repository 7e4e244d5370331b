import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A program that a shell was told to start, and the words behind it as the program would get them. */
export interface Call {
  readonly program: string;
  readonly words: readonly string[];
}

/** What each program prints where a later command reads it; all others print nothing. */
const PRINTS: Readonly<Record<string, string>> = {
  pulumi: "us-east4-docker.pkg.dev/acme-images-dev/images",
  gcloud: "123456789012",
  git: "0123456789abcdef0123456789abcdef01234567",
  jq: "0123456789ab",
};

const PROGRAMS = ["docker", "gcloud", "git", "jq", "npm", "npx", "pulumi", "strata"];

/** Variables that the pages tell the reader to have. */
const READERS = { GITHUB_TOKEN: "token", NEW_TOKEN: "token", IMAGES: "registry.example/images", KEY: "0123456789ab" };

const END_OF_CALL = "\u001e";

/**
 * Lets bash read commands while every program of theirs only notes what it was called with, so that quotes, variables,
 * pipes and loops are the shell's, and nothing happens. A program that is not in {@link PROGRAMS} is an error.
 */
export function callsIn(commands: string): readonly Call[] {
  const folder = mkdtempSync(join(tmpdir(), "strata-dry-run-"));
  const noted = join(folder, "calls");
  try {
    mkdirSync(join(folder, "bin"));
    mkdirSync(join(folder, "work"));
    writeFileSync(noted, "");
    for (const program of PROGRAMS) {
      const note = `printf '%s\\0' ${program} "$@" '${END_OF_CALL}' >>'${noted}'`;
      const script = `#!/bin/sh\n${note}\nprintf '%s\\n' '${PRINTS[program] ?? ""}'\n`;
      writeFileSync(join(folder, "bin", program), script, { mode: 0o755 });
    }
    const { status, stderr, error } = spawnSync("/bin/bash", ["--norc", "-euc", commands], {
      cwd: join(folder, "work"),
      env: { ...READERS, PATH: join(folder, "bin") },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 30_000,
    });
    if (error) throw error;
    if (status !== 0) throw new Error(`the shell cannot follow the commands: ${stderr}`);
    return readFileSync(noted, "utf8")
      .split(`${END_OF_CALL}\0`)
      .filter((call) => call !== "")
      .map((call) => {
        const [program = "", ...words] = call.split("\0").slice(0, -1);
        return { program, words };
      });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
