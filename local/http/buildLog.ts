import { buffer } from "node:stream/consumers";
import type { Cloud } from "../cloud.ts";
import { BUILDS, type Build } from "../products/cloudBuild/build.ts";
import { findObject } from "../products/storage/objectStore.ts";
import type { Message } from "../schema/messages.ts";
import { notFound } from "./errors.ts";

/** Where a build's `logUrl` leads; the build's id. */
export const LOG_PATH = /^\/_local\/builds\/([0-9a-f-]{36})$/;

/**
 * The log of a build as far as it has come, for a browser, which has no token to send: an id cannot be guessed, so who
 * knows it was told it by a call that was allowed.
 *
 * @throws GoogleError 404 for a build that is not there.
 */
export async function buildLog(cloud: Cloud, id: string): Promise<string> {
  const build = cloud.documents.list<Build>(BUILDS).find(({ body }) => body.id === id)?.body;
  if (!build) throw notFound(`builds/${id}`);
  const [bucket = "", ...folder] = (build.logsBucket ?? "").replace(/^gs:\/\//, "").split("/");
  const object = findObject(cloud, bucket, [...folder.filter(Boolean), `log-${id}.txt`].join("/"));
  if (object) return (await buffer(cloud.blobs.read(object.sha256))).toString("utf8");
  const rows = cloud.documents.list<Message>("logging.entries", { prefix: `${build.projectId}/` });
  const own = rows.filter(({ body }) => idOf(body) === id);
  return own.map(({ body }) => `${body.textPayload}\n`).join("");
}

function idOf({ resource }: Message): string | undefined {
  return (resource as { readonly labels?: { readonly build_id?: string } } | undefined)?.labels?.build_id;
}
