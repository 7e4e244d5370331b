/** Other names of processor architectures, as containerd normalises them. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  "x86-64": "amd64",
  i386: "386",
  i686: "386",
  aarch64: "arm64",
  armhf: "arm/v7",
  armel: "arm/v6",
};

const SYSTEMS: readonly string[] = ["linux", "windows", "darwin", "freebsd"];

/** A platform's parts; an empty variant is the usual one. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
}

/** Reads "linux/arm64/v8", "amd64", "linux"; undefined where the text names no platform. */
export function parsePlatform(text: string): Platform | undefined {
  const parts = text.toLowerCase().split("/");
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) return undefined;
  const [first = "", second, third = ""] = parts;
  if (second === undefined) {
    return SYSTEMS.includes(first) ? normalise(first, "amd64", "") : normalise("linux", first, "");
  }
  return normalise(first, second, third);
}

function normalise(os: string, name: string, given: string): Platform {
  const [architecture = "", implied = ""] = (ARCHITECTURES[name] ?? name).split("/");
  const variant = given || implied;
  const usual =
    (architecture === "arm64" && (variant === "v8" || variant === "8")) ||
    (architecture === "amd64" && variant === "v1");
  return { os, architecture, variant: usual ? "" : variant };
}

/** "os/architecture" with the variant where it is not the usual one. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return variant === "" ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** The values of BuildKit's predefined platform arguments. */
export function platformArgs(build: Platform, target: Platform, targetStage: string): ReadonlyMap<string, string> {
  return new Map([
    ["BUILDPLATFORM", formatPlatform(build)],
    ["BUILDOS", build.os],
    ["BUILDOSVERSION", ""],
    ["BUILDARCH", build.architecture],
    ["BUILDVARIANT", build.variant],
    ["TARGETPLATFORM", formatPlatform(target)],
    ["TARGETOS", target.os],
    ["TARGETOSVERSION", ""],
    ["TARGETARCH", target.architecture],
    ["TARGETVARIANT", target.variant],
    ["TARGETSTAGE", targetStage],
  ]);
}
