import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cachedFolder, type ToolListener } from "../../toolbox/cache.ts";
import { run } from "../../toolbox/command.ts";

/** What the tree has; what these depend on comes with them. */
const packages = "g++ ccache bash coreutils grep sed findutils dash".split(" ");

/**
 * A tree of Debian packages as the one layer of an image: gzipped, the same bytes each time on this machine.
 *
 * @param tell hears how it is made, which takes a minute and is done once on a machine.
 */
export async function debianLayer(tell: ToolListener): Promise<string> {
  const folder = await cachedFolder(
    { name: "debian-tree", version: "2", inputs: packages.join(" "), about: "1 min", make },
    tell,
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
