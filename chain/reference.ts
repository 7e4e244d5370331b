import { UserError } from "./errors.ts";

/** A name of an image in a registry, in parts. */
export interface Reference {
  /** Host and port as a person writes them: `docker.io`, `us-east4-docker.pkg.dev`, `127.0.0.1:5000`. */
  readonly registry: string;
  /** The path below the registry: `library/debian`, `project/images/base`. */
  readonly repository: string;
  /** Present unless the reference names only a digest; `latest` where nothing was written. */
  readonly tag?: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest?: string;
}

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;
const hostPattern = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/;

/** Whether a text is a digest that strata works with: `sha256:` and 64 lower-case hex digits. */
export function isDigest(text: string): boolean {
  return digestPattern.test(text);
}

/**
 * Reads a reference as Docker does: the first component is a registry if it has a dot or a colon or is `localhost`,
 * otherwise the registry is Docker Hub, where a name of one component is in `library/`.
 */
export function parseReference(text: string): Reference {
  const at = text.indexOf("@");
  const named = at < 0 ? text : text.slice(0, at);
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) {
    throw new UserError({
      problem: "the digest of an image reference cannot be read",
      value: text,
      allowed: "@sha256: and 64 lower-case hex digits",
      fix: "copy the digest from the registry, or leave it out and name a tag",
    });
  }
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const hasHost = /[.:]/.test(first) || first === "localhost";
  const host = hasHost ? first : "docker.io";
  const registry = host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;
  const path = hasHost ? name.slice(slash + 1) : name;
  const repository = registry === "docker.io" && !path.includes("/") ? `library/${path}` : path;
  const valid =
    hostPattern.test(registry) &&
    path.split("/").every((part) => component.test(part)) &&
    (tag === undefined || tagPattern.test(tag));
  if (!valid) {
    throw new UserError({
      problem: "this is not the name of an image",
      value: text,
      allowed: "[registry/]path[:tag][@sha256:…]; the path in lower case: letters, digits, and . _ - between them",
      fix: "write it as you would after `docker pull`",
    });
  }
  if (digest === undefined) return { registry, repository, tag: tag ?? "latest" };
  return tag === undefined ? { registry, repository, digest } : { registry, repository, tag, digest };
}

/** The full spelling of a reference, with its registry; the same image always gives the same text. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  const tagged = tag === undefined ? "" : `:${tag}`;
  return `${registry}/${repository}${tagged}${digest === undefined ? "" : `@${digest}`}`;
}
