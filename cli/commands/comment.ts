import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { UserError } from "../../chain/errors.ts";
import { LONGEST_COMMENT, type PullRequest, putComment } from "../../cloud/github/comments.ts";
import { GoogleApi } from "../../cloud/google/api.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly repository: string;
  readonly pullRequest: string;
  readonly tokenSecret: string;
  readonly api: string;
}

/** What our comment begins with. Readers do not see it; the next build finds the comment by it. */
const MARKER = "<!-- strata: the plan of this pull request -->";

/** `strata comment`: attaches what it reads to a pull request. */
export function commentCommand(program: Command, terminal: Terminal): void {
  program
    .command("comment")
    .description("attach the Markdown on standard input to a pull request at GitHub, and print it")
    .option("--repository <name>", "owner/name at GitHub", "")
    .option("--pull-request <number>", "the pull request", "")
    .option("--token-secret <version>", "projects/P/secrets/S/versions/V with GitHub's token; none: print only", "")
    .option("--api <address>", "GitHub's API", "https://api.github.com")
    .addHelpText("after", HELP)
    .action(async (options: Options) => {
      await comment(await text(process.stdin), options, terminal);
    });
}

const HELP = `
One comment is kept: the next run rewrites it. The token is read with the caller's own rights on Google Cloud; whoever
runs the pull request's code can read it too, so give it a token that may do nothing but comment.

Examples:
  strata plan --against main --markdown | strata comment
  strata plan --markdown | strata comment --repository acme/images --pull-request 7 \\
    --token-secret projects/acme/secrets/github-comments/versions/1`;

/** Prints a plan, and attaches it to a pull request where there is a token and a pull request. */
export async function comment(markdown: string, options: Options, terminal: Terminal): Promise<void> {
  terminal.stdout.write(markdown);
  const { repository, pullRequest: number, tokenSecret, api } = options;
  if (markdown.trim() === "") return;
  if (number === "") {
    if (repository !== "") terminal.stderr.write("No pull request is named, so the plan is not attached to one.\n");
    return;
  }
  if (tokenSecret === "") {
    terminal.stderr.write("No token is named, so the plan is not attached to the pull request.\n");
    return;
  }
  const place = { repository: requireRepository(repository), number: requireNumber(number), api: requireAddress(api) };
  const google = new GoogleApi({ environment: { ...terminal.env } });
  const pullRequest: PullRequest = { ...place, token: await readToken(tokenSecret, google) };
  const result = await putComment(pullRequest, MARKER, shortened(markdown));
  terminal.stderr.write(`The plan is attached to ${repository}#${number} (${result}).\n`);
}

function requireRepository(repository: string): string {
  if (/^[A-Za-z0-9-]+\/[A-Za-z0-9._-]+$/.test(repository) && !/\/\.{1,2}$/.test(repository)) return repository;
  throw new UserError({
    problem: "this is no repository at GitHub",
    value: repository,
    allowed: "owner/name",
    fix: "name it with --repository",
  });
}

function requireNumber(number: string): number {
  if (/^[1-9]\d{0,9}$/.test(number)) return Number(number);
  throw new UserError({
    problem: "this is no pull request's number",
    value: number,
    allowed: "a whole number above 0",
    fix: "name it with --pull-request",
  });
}

/** The token goes to this address, so it goes there encrypted, or not further than this machine. */
function requireAddress(api: string): string {
  const url = URL.canParse(api) ? new URL(api) : undefined;
  const here = url?.protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (url && (url.protocol === "https:" || here) && !url.search && !url.hash && !url.username) {
    return api.replace(/\/+$/, "");
  }
  throw new UserError({
    problem: "this is no address that GitHub's token may be sent to",
    value: api,
    allowed: "an https address, such as https://api.github.com or https://github.example.com/api/v3",
    fix: "correct --api",
  });
}

async function readToken(version: string, google: GoogleApi): Promise<string> {
  if (!/^projects\/[^/]+\/secrets\/[^/]+\/versions\/(\d+|latest)$/.test(version)) {
    throw new UserError({
      problem: "this is no version of a secret",
      value: version,
      allowed: "projects/PROJECT/secrets/NAME/versions/VERSION",
      fix: "correct --token-secret",
    });
  }
  const call = { method: "GET", path: `${version}:access`, doing: "read the token for comments" } as const;
  const { payload } = await google.json<{ payload?: { data?: string } }>("secretManager", call);
  const token = Buffer.from(payload?.data ?? "", "base64")
    .toString("utf8")
    .trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new UserError({
    problem: "the secret holds no token: it is empty, or has characters that no token has",
    value: version,
    fix: "add a version with the token alone: gcloud secrets versions add",
  });
}

/** A text that GitHub takes, cut at the end of a line. The log has the whole. */
function shortened(markdown: string): string {
  const room = LONGEST_COMMENT - MARKER.length - 1;
  if (markdown.length <= room) return markdown;
  const end = "\n\n**The plan is longer than a comment may be; the build's log has the whole of it.**\n";
  const kept = markdown.slice(0, room - end.length);
  return `${kept.slice(0, kept.lastIndexOf("\n"))}${end}`;
}
