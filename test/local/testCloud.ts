import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Message } from "../../local/schema/messages.ts";
import { type LocalCloud, type LocalCloudOptions, startLocalCloud } from "../../local/server.ts";

/** The project of every test. */
export const PROJECT = "proj-test";

/** What a call was answered. */
export interface Answer<T = ErrorBody> {
  readonly status: number;
  readonly body: T;
}

/** Google's error body. */
export interface ErrorBody {
  readonly error: { readonly message: string; readonly details?: readonly object[] };
}

/** A local cloud of one test file, and calls to it. */
export class TestCloud {
  readonly running: LocalCloud;
  readonly directory: string;

  constructor(running: LocalCloud, directory: string) {
    this.running = running;
    this.directory = directory;
  }

  get origin(): string {
    return this.running.origin;
  }

  /** A token of a service account or another member. */
  token(member: string): string {
    return this.running.cloud.tokens.mint(member.includes(":") ? member : `serviceAccount:${member}`, 600);
  }

  /** Calls a path with the operator's token, or another one. */
  async call<T = ErrorBody>(
    verb: string,
    path: string,
    body?: unknown,
    token = this.running.operatorToken,
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.origin}${path}`, {
      method: verb,
      headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === "" ? undefined : JSON.parse(text)) as T };
  }

  /** As {@link call}, and fails the test for an answer that is an error. */
  async ok<T = Message>(verb: string, path: string, body?: unknown, token?: string): Promise<T> {
    const answer = await this.call<T>(verb, path, body, token);
    if (answer.status >= 300) throw new Error(`${verb} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Makes a service account and returns its email. */
  async account(id: string): Promise<string> {
    const path = `/iam/v1/projects/${PROJECT}/serviceAccounts`;
    return (await this.ok<{ readonly email: string }>("POST", path, { accountId: id })).email;
  }

  /** Adds a binding for a service account to a resource's policy. */
  grant(resource: string, role: string, member: string, condition?: object): void {
    const { cloud } = this.running;
    const before = cloud.access.policy(resource);
    const binding = { role, members: [`serviceAccount:${member}`], ...(condition && { condition }) };
    cloud.documents.put("policy", resource, { ...before, version: 3, bindings: [...(before.bindings ?? []), binding] });
  }

  async close(): Promise<void> {
    await this.running.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Starts a local cloud with one project in a fresh folder. */
export async function startTestCloud(options: Partial<LocalCloudOptions> = {}): Promise<TestCloud> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "local-cloud-"));
  const running = await startLocalCloud({ projects: [PROJECT], services: "all", ...options, directory });
  return new TestCloud(running, directory);
}
