import { type Daemon, startDaemon } from "./daemon.ts";
import type { Tool } from "./tool.ts";

/** A Docker daemon of this process's own; its address is a DOCKER_HOST. */
export type Dockerd = Daemon;

/**
 * Starts a Docker daemon. Needs root. It is kept off this machine's network, because it would change its addresses and
 * routes: it can pull nothing, and a RUN step reaches nothing. Its images are gone when it ends.
 */
export function startDockerd({ dockerd }: { readonly dockerd: Tool }): Promise<Dockerd> {
  return startDaemon({
    name: "Docker",
    script: SCRIPT,
    env: { dockerd: dockerd.path },
    apart: true,
    needs: "root, unshare, overlay mounts and cgroups, as a virtual machine or a privileged container has them",
  });
}

/**
 * Docker and its containerd write to /run, /opt and /etc whatever they are told; here they write over them. The
 * control groups are named after the folder, and removed with what is left in them.
 */
const SCRIPT = `
set -e
mkdir "$state/etc" "$state/work" "$state/docker"
mount -t tmpfs strata /run
mount -t tmpfs strata /opt
mount -t overlay -o "lowerdir=/etc,upperdir=$state/etc,workdir=$state/work" strata /etc
mkdir -p /etc/docker
echo '{}' >/etc/docker/daemon.json
exec "$dockerd" --data-root "$state/docker" --exec-root /run/docker --pidfile /run/docker.pid \
  --host "unix://$folder/socket" --iptables=false --ip6tables=false --cgroup-parent "/$(basename "$folder")"
`;
