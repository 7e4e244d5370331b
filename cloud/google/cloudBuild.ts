import { randomUUID } from "node:crypto";
import { UserError } from "../../chain/errors.ts";
import { type Build, type BuildRequest, type BuildService, hasEnded } from "../buildService.ts";
import { pause, type RetryPolicy, TransientError } from "../retry.ts";
import { type GoogleApi, GoogleError } from "./api.ts";
import { Bucket } from "./bucket.ts";

/** Where builds run. */
export interface CloudBuildPlace {
  readonly project: string;
  /** The region of the pools. */
  readonly region: string;
  /** `gs://bucket/folder`, where builds write their logs. */
  readonly logsBucket: string;
}

/** A submit is not made again blindly. */
const once: RetryPolicy = { attempts: 1, firstDelayMs: 0, longestDelayMs: 0 };

const submits = 5;
const running = ["PENDING", "QUEUED", "WORKING"].map((status) => `status="${status}"`).join(" OR ");

/** Google Cloud Build in one region, through its REST API. */
export class CloudBuild implements BuildService {
  private readonly api: GoogleApi;
  private readonly parent: string;
  private readonly logs: Bucket;
  private readonly logFolder: string;
  private readonly settleMs: number;

  /** `settleMs`: how long a build may take to show in listings, in milliseconds. */
  constructor(api: GoogleApi, { project, region, logsBucket }: CloudBuildPlace, settleMs = 3_000) {
    const [, bucket = "", folder = ""] = /^gs:\/\/([^/]+)\/?(.*?)\/?$/.exec(logsBucket) ?? [];
    this.api = api;
    this.parent = `projects/${project}/locations/${region}/builds`;
    this.logs = new Bucket(api, bucket);
    this.logFolder = folder === "" ? "" : `${folder}/`;
    this.settleMs = settleMs;
  }

  async submit(request: BuildRequest, before?: () => Promise<Build | undefined>): Promise<Build> {
    const submission = `submission-${randomUUID()}`;
    const body = { ...request, tags: [...request.tags, submission] };
    for (let attempt = 1; ; attempt++) {
      try {
        const call = { method: "POST", path: this.parent, body, doing: "submit the build" } as const;
        const { metadata } = await this.api.json<{ metadata: { build: Build } }>("cloudBuild", call, once);
        return metadata.build;
      } catch (error) {
        const passes = error instanceof UserError && error.cause instanceof TransientError;
        if (!passes) throw error;
        // The build may have been accepted although nobody said so: its own tag tells.
        await pause(this.settleMs * (1 + Math.random() / 2));
        const [accepted] = await this.list(
          `tags="${submission}"`,
          "look for the build whose submission was not answered",
        );
        if (accepted !== undefined) return accepted;
        if (attempt === submits) throw error;
        const meanwhile = await before?.();
        if (meanwhile !== undefined) return meanwhile;
      }
    }
  }

  async running(tag: string): Promise<Build | undefined> {
    const builds = await this.list(`tags="${tag}" AND (${running})`, "look for a running build");
    return builds.filter((build) => !hasEnded(build)).at(-1);
  }

  status(id: string): Promise<Build> {
    const call = { method: "GET", path: `${this.parent}/${id}`, doing: `read the state of the build ${id}` } as const;
    return this.api.json<Build>("cloudBuild", call);
  }

  async find(id: string): Promise<Build | undefined> {
    try {
      return await this.status(id);
    } catch (error) {
      if (error instanceof GoogleError && error.status === 404) return undefined;
      throw error;
    }
  }

  async cancel(id: string): Promise<void> {
    try {
      const path = `${this.parent}/${id}:cancel`;
      await this.api.json("cloudBuild", { method: "POST", path, body: {}, doing: `cancel the build ${id}` });
    } catch (error) {
      const ended = error instanceof GoogleError && hasEnded(await this.status(id));
      if (!ended) throw error;
    }
  }

  log(id: string, fromByte: number): Promise<Uint8Array> {
    return this.logs.readFrom(`${this.logFolder}log-${id}.txt`, fromByte);
  }

  /** Newest first, as Cloud Build lists them. */
  private async list(filter: string, doing: string): Promise<readonly Build[]> {
    const call = { method: "GET", path: this.parent, query: { filter, pageSize: "100" }, doing } as const;
    const { builds = [] } = await this.api.json<{ builds?: readonly Build[] }>("cloudBuild", call);
    return builds;
  }
}
