import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** What of strata a repository has beside its catalogue: what cloudbuild.yaml runs. */
const STRATA = [
  "builder",
  "chain",
  "cli",
  "cloud",
  "compilerCache",
  "cloudbuild.yaml",
  "package.json",
  "package-lock.json",
];

/** A Git repository with strata in it and a small catalogue: base <- app <- tool, and other by itself. */
export class PushedRepository {
  readonly folder = mkdtempSync(join(tmpdir(), "strata-pushed-"));

  /** @param base a base image with its digest's tag, which `other` is built on. */
  constructor(base: { readonly name: string; readonly digest: string }) {
    for (const name of STRATA) cpSync(name, join(this.folder, name), { recursive: true });
    this.#image("base", "scratch");
    this.#image("app", "base");
    this.#image("tool", "app");
    this.#image("other", base.name, "hints: [MAX_JOBS]\n");
    this.write("dockerfiles/bases.lock.yaml", `images:\n  ${base.name}:\n    digest: ${base.digest}\n`);
    this.write("README.md", "# Images\n");
    this.git("init", "--quiet", "--initial-branch=main");
    this.git("config", "user.name", "A Person");
    this.git("config", "user.email", "person@example.com");
    this.commit("first");
  }

  #image(name: string, from: string, more = ""): void {
    const settings = `description: ${name}\nmachine: e2-standard-8\nexpectedMinutes: 1\n${more}`;
    this.write(`dockerfiles/${name}/image.yaml`, settings);
    this.write(`dockerfiles/${name}/Dockerfile`, `FROM ${from} AS run\nCOPY ${name}/data /${name}\n`);
    this.write(`dockerfiles/${name}/data`, `${name}\n`);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  /** Commits everything, and gives the commit's id. */
  commit(message: string): string {
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", message);
    return this.git("rev-parse", "HEAD").trim();
  }

  git(...words: string[]): string {
    return execFileSync("git", ["-C", this.folder, ...words], { encoding: "utf8" });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
