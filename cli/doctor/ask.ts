import { type GoogleApi, GoogleError, readJson } from "../../cloud/google/api.ts";
import type { GoogleProduct } from "../../cloud/google/endpoints.ts";
import type { RetryPolicy } from "../../cloud/retry.ts";

/** The longest silence of an answer, in milliseconds. */
const PATIENCE_MS = 5_000;

/** Once more after a hiccup, and no more: a doctor that waits long is not asked. */
const once: RetryPolicy = { attempts: 2, firstDelayMs: 200, longestDelayMs: 1_000 };

/**
 * Reads something of Google Cloud in bounded time.
 * @param path below the product's endpoint, with its query
 * @param doing in a person's words: "read the pools"
 * @returns undefined where there is no such thing (404)
 */
export async function read<T>(
  api: GoogleApi,
  product: GoogleProduct,
  path: string,
  doing: string,
): Promise<T | undefined> {
  const url = `${api.endpoint(product)}${path}`;
  try {
    return await api.send({ method: "GET", url, timeoutMs: PATIENCE_MS }, doing, readJson<T>, once);
  } catch (error) {
    if (error instanceof GoogleError && error.status === 404) return undefined;
    throw error;
  }
}

/**
 * Reads a whole list of Google Cloud's, page by page; each page in bounded time.
 * @param path below the product's endpoint, without a query
 * @param query what narrows the list
 * @returns no page where there is no such list (404)
 */
export async function* readPages<T extends { readonly nextPageToken?: string }>(
  api: GoogleApi,
  product: GoogleProduct,
  path: string,
  query: Readonly<Record<string, string>>,
  doing: string,
): AsyncGenerator<T> {
  for (let token: string | undefined = ""; token !== undefined; ) {
    const words = new URLSearchParams({ ...query, ...(token && { pageToken: token }) });
    const page: T | undefined = await read<T>(api, product, `${path}?${words}`, doing);
    if (page === undefined) return;
    yield page;
    token = page.nextPageToken || undefined;
  }
}
