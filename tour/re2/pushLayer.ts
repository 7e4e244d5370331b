import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { createGunzip } from "node:zlib";

/** Pushes a layer as an image of its own, and gives the image's digest. */
export async function pushLayer(
  layerFile: string,
  place: { readonly origin: string; readonly repository: string; readonly tag: string; readonly token: string },
): Promise<string> {
  const authorization = `Bearer ${place.token}`;
  const base = `${place.origin}/v2/${place.repository}`;
  const send = async (method: string, url: string, body: Buffer<ArrayBuffer> | undefined, type: string) => {
    const headers = { authorization, "content-type": type };
    const answer = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
    if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const blob = async (bytes: Buffer<ArrayBuffer>) => {
    const begun = await send("POST", `${base}/blobs/uploads/`, undefined, "application/octet-stream");
    const upload = new URL(begun.headers.get("location") ?? "", place.origin);
    upload.searchParams.set("digest", digestOf(bytes));
    await send("PUT", upload.href, bytes, "application/octet-stream");
    return { digest: digestOf(bytes), size: bytes.length };
  };
  const layer = await blob(await readFile(layerFile));
  const content = createHash("sha256");
  for await (const chunk of createReadStream(layerFile).pipe(createGunzip())) content.update(chunk);
  const config = await blob(
    json({
      architecture: "amd64",
      os: "linux",
      config: { Env: ["PATH=/usr/sbin:/usr/bin"] },
      rootfs: { type: "layers", diff_ids: [`sha256:${content.digest("hex")}`] },
    }),
  );
  const oci = "application/vnd.oci.image";
  const manifest = json({
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: { mediaType: `${oci}.config.v1+json`, ...config },
    layers: [{ mediaType: `${oci}.layer.v1.tar+gzip`, ...layer }],
  });
  await send("PUT", `${base}/manifests/${place.tag}`, manifest, `${oci}.manifest.v1+json`);
  return digestOf(manifest);
}

const json = (value: object) => Buffer.from(JSON.stringify(value));

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
