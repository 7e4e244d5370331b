import { UserError } from "../../chain/errors.ts";
import { exchange, readBytes, UnreachableError } from "../http.ts";
import { patientRetries, type RetryPolicy, TransientError, withRetries } from "../retry.ts";
import { errorMessage } from "../systemError.ts";

/** A pull request at GitHub, and with what it is called. */
export interface PullRequest {
  /** `https://api.github.com`, or the address of a GitHub Enterprise Server's API. */
  readonly api: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly number: number;
  /** A token that may read and write the comments of the repository's pull requests. Never shown. */
  readonly token: string;
}

/** The longest comment that GitHub takes, in characters. */
export const LONGEST_COMMENT = 65_536;

/** How many comments come on one page, which is the most that GitHub gives. */
const PAGE = 100;

/** No answer is longer than this, in bytes: a page of the longest comments. */
const longestAnswer = 64 << 20;

interface Comment {
  readonly id: number;
  readonly body?: string;
  readonly user?: { readonly login?: string; readonly type?: string };
}

/**
 * Leaves exactly one comment of ours on a pull request: the one that begins with the marker is rewritten, and made where
 * there is none yet. A comment of somebody else that begins with it is left alone.
 * @param marker what our comment begins with, hidden from readers: an HTML comment
 * @returns whether there was one
 */
export async function putComment(
  pullRequest: PullRequest,
  marker: string,
  text: string,
  retries: RetryPolicy = patientRetries,
): Promise<"created" | "updated"> {
  const github = new GitHub(pullRequest, retries);
  const body = `${marker}\n${text}`;
  const own = await github.isOwn();
  const found = await github.findComment((one) => one.body?.startsWith(marker) === true && own(one));
  if (found === undefined) {
    await github.call("POST", `issues/${pullRequest.number}/comments`, { body });
    return "created";
  }
  await github.call("PATCH", `issues/comments/${found.id}`, { body });
  return "updated";
}

class GitHub {
  private readonly place: PullRequest;
  private readonly retries: RetryPolicy;

  constructor(place: PullRequest, retries: RetryPolicy) {
    this.place = place;
    this.retries = retries;
  }

  /** Whether a comment is the token's own. An app's token has no user to ask for, and its comments are a bot's. */
  async isOwn(): Promise<(comment: Comment) => boolean> {
    const { status, body } = await this.answer<{ login?: string }>("GET", `${this.place.api}/user`);
    if (status === 200) return ({ user }) => user?.login === body.login;
    if (status === 403 || status === 404) return ({ user }) => user?.type === "Bot";
    throw this.refused(status);
  }

  /** The first comment that is wanted; anybody may write comments, so no more than a page of them is held. */
  async findComment(wanted: (comment: Comment) => boolean): Promise<Comment | undefined> {
    for (let page = 1; ; page++) {
      const query = `per_page=${PAGE}&page=${page}`;
      const some = await this.call<readonly Comment[]>("GET", `issues/${this.place.number}/comments?${query}`);
      const found = some.find(wanted);
      if (found !== undefined || some.length < PAGE) return found;
    }
  }

  async call<T>(method: "GET" | "POST" | "PATCH", path: string, body?: object): Promise<T> {
    const url = `${this.place.api}/repos/${this.place.repository}/${path}`;
    const { status, body: answer } = await this.answer<T>(method, url, body);
    if (status >= 200 && status < 300) return answer;
    throw this.refused(status);
  }

  private async answer<T>(
    method: "GET" | "POST" | "PATCH",
    url: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly body: T }> {
    const headers = {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${this.place.token}`,
      "content-type": "application/json",
      "user-agent": "strata",
      "x-github-api-version": "2022-11-28",
    };
    const request = { method, url, headers, timeoutMs: 30_000, ...(body && { body: JSON.stringify(body) }) };
    try {
      // A comment whose answer was lost may be there: it is not made a second time, the next build finds it.
      return await withRetries(method === "POST" ? { ...this.retries, attempts: 1 } : this.retries, () =>
        exchange(request, async (response, alive) => {
          const text = Buffer.from(await readBytes(response, longestAnswer, alive)).toString("utf8");
          return { status: response.status, body: (response.ok ? this.parsed(text) : {}) as T };
        }),
      );
    } catch (error) {
      if (!(error instanceof TransientError || error instanceof UnreachableError)) throw error;
      throw new UserError(
        { problem: `cannot comment on the pull request: ${errorMessage(error)}`, fix: "run the build again" },
        { cause: error },
      );
    }
  }

  private parsed(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new UserError(
        {
          problem: "what answers is not GitHub's API",
          value: this.place.api,
          allowed: "https://api.github.com, or https://HOST/api/v3 of a GitHub Enterprise Server",
          fix: "correct --api",
        },
        { cause: error },
      );
    }
  }

  private refused(status: number): UserError {
    const { repository, number } = this.place;
    return new UserError({
      problem: `GitHub does not let the plan be attached to the pull request (${status})`,
      value: `${repository}#${number}`,
      allowed: "a token that may read and write the pull requests of this repository, and a pull request that exists",
      fix:
        status === 401
          ? "put a token that has not expired into the secret"
          : "give the token that right, and check the repository's name and the number",
    });
  }
}
