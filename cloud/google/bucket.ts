import { readBytes } from "../http.ts";
import { type Condition, ConditionFailed, type Content, type ObjectStore, type StoredObject } from "../objectStore.ts";
import type { RetryPolicy } from "../retry.ts";
import { type GoogleApi, GoogleError, googleError, readJson } from "./api.ts";

/** How a bucket is spoken to; the defaults suit a build, a cache wants less patience. */
export interface BucketOptions {
  readonly retries?: RetryPolicy;
  /** The longest silence, in milliseconds. */
  readonly timeoutMs?: number;
}

/** No piece of a growing object is longer than this between two looks, in bytes. */
const longestPiece = 256 << 20;

/** A bucket of Cloud Storage, through its JSON API. */
export class Bucket implements ObjectStore {
  private readonly api: GoogleApi;
  private readonly name: string;
  private readonly options: BucketOptions;

  constructor(api: GoogleApi, name: string, options: BucketOptions = {}) {
    this.api = api;
    this.name = name;
    this.options = options;
  }

  async read<T>(name: string, use: (object: StoredObject) => Promise<T>): Promise<T | undefined> {
    // Stored bytes as they are, so that their length is known before they come.
    const headers = { "accept-encoding": "identity" };
    return this.send(
      { method: "GET", url: `${this.object(name)}?alt=media`, headers },
      "read from",
      async (response, alive) => {
        if (response.status === 404) return void (await response.body?.cancel());
        if (!response.ok) throw await googleError(response, alive);
        return use({
          size: Number(response.headers.get("content-length") ?? Number.NaN),
          generation: response.headers.get("x-goog-generation") ?? "",
          body: kept(response, alive),
        });
      },
    );
  }

  /** The bytes of an object from an offset on; empty if there are none, or no object. For what grows, such as a log. */
  async readFrom(name: string, offset: number): Promise<Uint8Array> {
    const headers = { "accept-encoding": "identity", range: `bytes=${offset}-` };
    const request = { method: "GET", url: `${this.object(name)}?alt=media`, headers } as const;
    return this.send(request, "read from", async (response, alive) => {
      if (response.status === 404 || response.status === 416) {
        await response.body?.cancel();
        return new Uint8Array();
      }
      if (!response.ok) throw await googleError(response, alive);
      const bytes = await readBytes(response, longestPiece, alive);
      return response.status === 206 ? bytes : bytes.subarray(offset);
    });
  }

  async write(name: string, content: Content, condition?: Condition): Promise<string> {
    const query = new URLSearchParams({ uploadType: "media", name, ...precondition(condition) });
    const url = `${this.api.endpoint("storage").replace(/storage\/v1\/$/, "upload/storage/v1/")}b/${this.name}/o?${query}`;
    const headers = { "content-type": "application/octet-stream" };
    const body = content instanceof Uint8Array ? content : (alive: () => void) => noticed(content(), alive);
    const written = await this.conditional(name, () =>
      this.send({ method: "POST", url, headers, body }, "write to", readJson<{ generation: string }>),
    );
    return written.generation;
  }

  async remove(name: string, condition?: Condition): Promise<void> {
    const query = new URLSearchParams(precondition(condition));
    await this.conditional(name, () =>
      this.send({ method: "DELETE", url: `${this.object(name)}?${query}` }, "remove from", async (response, alive) => {
        if (!response.ok && response.status !== 404) throw await googleError(response, alive);
        await response.body?.cancel();
      }),
    );
  }

  async list(prefix: string): Promise<readonly string[]> {
    const names: string[] = [];
    let pageToken: string | undefined;
    do {
      const query = { prefix, fields: "items/name,nextPageToken", ...(pageToken && { pageToken }) };
      const page: { items?: { name: string }[]; nextPageToken?: string } = await this.api.json("storage", {
        method: "GET",
        path: `b/${this.name}/o`,
        query,
        doing: `list what is in the bucket ${this.name}`,
      });
      names.push(...(page.items ?? []).map(({ name }) => name));
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    return names;
  }

  private object(name: string): string {
    return `${this.api.endpoint("storage")}b/${this.name}/o/${encodeURIComponent(name)}`;
  }

  private send<T>(
    request: Omit<Parameters<GoogleApi["send"]>[0], "timeoutMs">,
    doing: string,
    read: (response: Response, alive: () => void) => Promise<T>,
  ): Promise<T> {
    const timeoutMs = this.options.timeoutMs ?? 30_000;
    return this.api.send({ ...request, timeoutMs }, `${doing} the bucket ${this.name}`, read, this.options.retries);
  }

  private async conditional<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof GoogleError) || error.status !== 412) throw error;
      throw new ConditionFailed(`${this.name}/${name} is at another generation`, { cause: error });
    }
  }
}

function precondition(condition: Condition | undefined): Record<string, string> {
  return condition === undefined ? {} : { ifGenerationMatch: condition.ifGeneration };
}

/** The body of an answer; each chunk puts off the time-out. */
async function* kept(response: Response, alive: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of response.body ?? []) {
    alive();
    yield chunk;
  }
}

function noticed(stream: ReadableStream<Uint8Array>, alive: () => void): ReadableStream<Uint8Array> {
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        alive();
        controller.enqueue(chunk);
      },
    }),
  );
}
