import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { cachedFolder } from "../../toolbox/cache.ts";
import { run } from "../../toolbox/command.ts";
import { onStandardError } from "../../toolbox/tool.ts";

/** What the tree has; what these depend on comes with them. */
const packages = "g++ ccache bash coreutils grep sed findutils dash".split(" ");

/** A tree of Debian packages as the one layer of an image: gzipped, the same bytes each time on this machine. */
export async function debianLayer(): Promise<string> {
  const folder = await cachedFolder(
    { name: "debian-tree", version: "2", inputs: packages.join(" "), about: "1 min", make },
    onStandardError,
  );
  return join(folder, "layer.tar.gz");
}

async function make(folder: string): Promise<void> {
  const downloads = await mkdtemp(join(tmpdir(), "strata-debian-tree-"));
  const apt = (program: string, ...args: string[]) =>
    run(program, args, {
      cwd: downloads,
      inTheBackground: true,
      missing: { problem: `this machine has no ${program}`, fix: "run this on Debian or Ubuntu" },
      failed: { problem: "the Debian tree cannot be made", fix: "check that this machine reaches its Debian mirror" },
    });
  try {
    // As if nothing were installed: the whole closure is listed, not only what this machine lacks.
    await writeFile(join(downloads, "status"), "");
    const nothing = ["-o", `Dir::State::status=${join(downloads, "status")}`];
    const plan = await apt("apt-get", ...nothing, "install", "--simulate", "--no-install-recommends", ...packages);
    const names = [...plan.matchAll(/^Inst (\S+) /gm)].flatMap(([, name]) => name ?? []);
    await apt("apt-get", "download", ...names);
    const root = join(downloads, "root");
    await mkdir(join(root, "usr"), { recursive: true });
    for (const merged of ["bin", "sbin", "lib", "lib64"]) {
      await mkdir(join(root, "usr", merged));
      await symlink(`usr/${merged}`, join(root, merged));
    }
    const archives = (await readdir(downloads)).filter((name) => name.endsWith(".deb")).sort();
    const unpack = 'for deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C root; done';
    await apt("sh", "-ec", unpack, "unpack", ...archives);
    await rm(join(root, "usr/share/doc"), { recursive: true, force: true });
    await rm(join(root, "usr/share/locale"), { recursive: true, force: true });
    await mkdir(join(root, "tmp"), { recursive: true });
    const same = "--sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner";
    await apt("sh", "-ec", `tar -c ${same} -C root . | gzip -n -3 >"$1"`, "pack", join(folder, "layer.tar.gz"));
  } finally {
    await rm(downloads, { recursive: true, force: true });
  }
}

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
