import type { Finding } from "./finding.ts";

/** A piece of shell: the text of a RUN, or a script that an image reads. */
export interface ShellText {
  readonly file: string;
  /** Line of the first character. */
  readonly line: number;
  readonly text: string;
  /** The text was joined from continuation lines, so all of it counts as its first line. */
  readonly oneLine?: boolean;
}

/** One simple command of a shell text, without a leading "&&", and the line it starts in. */
interface Command {
  readonly text: string;
  readonly line: number;
}

const COMMIT = /\b[0-9a-f]{40}\b/;

/** Looks for what makes a shell text unrepeatable. Reads commands, not all of shell: a reviewer's eye, not a proof. */
export function lintShell(shell: ShellText, args: Readonly<Record<string, string>>): readonly Finding[] {
  const findings: Finding[] = [];
  const add = (severity: Finding["severity"], rule: string, line: number, problem: string, fix: string) =>
    findings.push({ severity, rule, file: shell.file, line, problem, fix });
  const commands = commandsOf(shell);
  const whole = commands.map(({ text }) => text).join("\n");
  for (const { text, line } of commands) {
    if (/\bgit\s+(-\S+\s+\S+\s+)*clone\b/.test(text) && !checksOutCommit(whole, args)) {
      const problem = "git clone without a commit: a branch or tag can move";
      add(
        "error",
        "clone-unpinned",
        line,
        problem,
        "fetch and check out a whole commit id: git fetch --depth 1 origin COMMIT",
      );
    }
    if (/\b(pip3?|uv pip)\s+install\b/.test(text)) lintPip(text, line, add);
    if (/\b(apt-get|apt)\s+(-\S+\s+)*install\b/.test(text) && !/snapshot/i.test(whole) && !/\s\S+=\S*\d/.test(text)) {
      const fix = "install from a dated snapshot of the archive, or name versions";
      add("warning", "apt-unpinned", line, "apt installs whatever version is newest", fix);
    }
    if (/\b(curl|wget)\b.*https?:/.test(text) && !/sha(256|512)sum|--checksum|gpg\s+--verify/.test(whole)) {
      add(
        "warning",
        "download-unchecked",
        line,
        "a download whose content nobody checks",
        "compare it with a known sha256sum -c",
      );
    }
  }
  return findings;
}

function lintPip(
  text: string,
  line: number,
  add: (severity: Finding["severity"], rule: string, line: number, problem: string, fix: string) => void,
): void {
  const bound = /(?:^|\s)([A-Za-z0-9_.-]+(?:\[[^\]]*\])?)\s*[<>]=?\s*\d/.exec(withoutQuoted(text));
  if (bound) {
    const problem = `the version bound of ${bound[1]} is not quoted: the shell takes > for a redirection and the bound is lost`;
    add("error", "unquoted-bound", line, problem, "quote it, or better: install from a lock file with hashes");
  }
  const remote = /git\+\S+/.exec(text)?.[0];
  if (remote !== undefined && !COMMIT.test(remote)) {
    add("error", "clone-unpinned", line, `${remote} names no commit`, "end the address in @ and a whole commit id");
  }
  if (/--require-hashes|--no-index/.test(text) || remote !== undefined) return;
  const words = text
    .replace(/^.*?\binstall\b/, "")
    .split(/\s+/)
    .filter((word) => word !== "");
  const packages = words.filter((word) => !word.startsWith("-") && !isLocal(word));
  const lists = /(^|\s)(-r|--requirement)(\s|=)/.test(text);
  if (packages.length > 0 || lists) {
    add(
      "error",
      "pip-unhashed",
      line,
      "pip installs without hashes, so what it gets can change",
      "use a lock file: pip install --require-hashes -r requirements.lock",
    );
  }
}

/** A file or folder of the build rather than a name for an index. */
function isLocal(word: string): boolean {
  return /[/$]|\.whl|^\.$|^["']/.test(word);
}

function checksOutCommit(text: string, args: Readonly<Record<string, string>>): boolean {
  if (COMMIT.test(text)) return true;
  const checkouts = text.matchAll(/\bgit\b[^\n]*\b(?:checkout|fetch|reset|switch)\b[^\n]*\$\{?(\w+)/g);
  // Positional parameters and local variables are the caller's matter; a build arg has to be a commit.
  return [...checkouts].some(([, name = ""]) => args[name] === undefined || COMMIT.test(args[name]));
}

function withoutQuoted(text: string): string {
  return text.replace(/'[^']*'|"(?:[^"\\]|\\.)*"/g, "Q");
}

/** Splits at ";", "&&", "||", "|" and line ends outside of quotes; comments are left out. */
function commandsOf({ text, line, oneLine }: ShellText): readonly Command[] {
  const commands: Command[] = [];
  let at = line;
  let start = line;
  let current = "";
  let quote = "";
  const finish = () => {
    const trimmed = current.trim();
    if (trimmed !== "" && !trimmed.startsWith("#")) commands.push({ text: trimmed, line: oneLine ? line : start });
    current = "";
    start = at;
  };
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === "\n") at++;
    if (character === "\\" && quote !== "'") {
      const next = text.charAt(++index);
      if (next === "\n") at++;
      current += next === "\n" ? " " : character + next;
    } else if (quote === "" && character === "#" && /(^|\s)$/.test(current)) {
      // A comment runs to the end of the line.
      while (index + 1 < text.length && text.charAt(index + 1) !== "\n") index++;
    } else if (quote === "" && (character === "\n" || character === ";" || character === "|" || character === "&")) {
      finish();
    } else {
      if (quote === character) quote = "";
      else if (quote === "" && (character === "'" || character === '"')) quote = character;
      current += character;
    }
  }
  finish();
  return commands;
}
