import { type Daemon, startDaemon } from "./daemon.ts";
import type { Tool } from "./tool.ts";

/** A Docker daemon of this process's own; its address is a DOCKER_HOST. */
export type Dockerd = Daemon;

/** What the daemon is made of. */
export interface DockerdOptions {
  readonly dockerd: Tool;
  /**
   * What it reaches. `apart`: RUN steps have a network of their own with nothing in it, and nothing can be pulled.
   * `pulls`: images can be pulled from a registry on this machine, and RUN steps cannot run. Default: apart.
   */
  readonly network?: "apart" | "pulls";
}

/**
 * Starts a Docker daemon. Needs root. In neither way does it change this machine's network: no bridge, no route, no packet
 * filter. Its images are gone when it ends.
 */
export function startDockerd({ dockerd, network = "apart" }: DockerdOptions): Promise<Dockerd> {
  return startDaemon({
    name: "Docker",
    script: SCRIPT,
    env: { dockerd: dockerd.path, options: network === "pulls" ? "--bridge=none --ip-forward=false" : "" },
    apart: network === "apart",
    needs: "root, unshare, overlay mounts and cgroups, as a virtual machine or a privileged container has them",
  });
}

/**
 * Docker and its containerd write to /run, /opt and /etc whatever they are told; here they write over them. The
 * control groups are named after the folder, and removed with what is left in them. A machine that is a container itself
 * may lack the capability SYS_RESOURCE (bit 24 of the bounding set), and then can give it to no privileged container:
 * there runc is told to leave it out.
 */
const SCRIPT = `
set -e
mkdir "$state/etc" "$state/work" "$state/docker"
mount -t tmpfs strata /run
mount -t tmpfs strata /opt
mount -t overlay -o "lowerdir=/etc,upperdir=$state/etc,workdir=$state/work" strata /etc
mkdir -p /etc/docker
cat >"$state/runc" <<'runc'
#!/bin/sh
without() { sed -i 's/"CAP_SYS_RESOURCE",//g; s/,"CAP_SYS_RESOURCE"//g' "$1"; }
last=
for word; do
  case $last in
    --bundle) without "$word/config.json" ;;
    --process) without "$word" ;;
  esac
  last=$word
done
exec runc "$@"
runc
chmod +x "$state/runc"
runtime=runc
bounds=$(sed -n 's/^CapBnd:[[:space:]]*/0x/p' /proc/self/status)
[ $((bounds >> 24 & 1)) = 1 ] || runtime=here
echo '{"runtimes": {"here": {"path": "'"$state"'/runc"}}}' >/etc/docker/daemon.json
exec "$dockerd" --data-root "$state/docker" --exec-root /run/docker --pidfile /run/docker.pid \
  --host "unix://$folder/socket" --iptables=false --ip6tables=false --default-runtime "$runtime" $options \
  --cgroup-parent "/$(basename "$folder")"
`;
