import { createHash } from "node:crypto";
import { UserError } from "../../chain/errors.ts";
import { formatReference, isDigest, parseReference, type Reference } from "../../chain/reference.ts";
import { readBytes } from "../http.ts";
import { patientRetries, type RetryPolicy, withRetries } from "../retry.ts";
import { copyBlob, readBlob } from "./blobs.ts";
import { defaultLogins, type RegistryLogins } from "./credentials.ts";
import { detailOf, RefusedByRegistry, registryError } from "./failure.ts";
import type { ImageRegistry, Manifest } from "./imageRegistry.ts";
import { type Reader, type RegistryRequest, RegistrySession, type Scope } from "./session.ts";

/** Every form of manifest, so that a registry answers with an index (or Docker's list) where there is one. */
const accept = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** The distribution specification lets a registry refuse manifests above this size, in bytes. */
const longestManifest = 4 << 20;

/** No image's configuration is longer, in bytes. */
const longestConfig = 4 << 20;

const manifestTimeoutMs = 30_000;

/** What an {@link OciRegistry} may be told; everything has a default. */
export interface OciRegistryOptions {
  /** Where logins come from. Default: Google's default credentials and Docker's configuration file. */
  readonly logins?: RegistryLogins;
  /** How patiently passing failures are met. */
  readonly retries?: RetryPolicy;
}

/**
 * Every registry that speaks the OCI distribution protocol, told apart by the host in each reference: Docker Hub,
 * Artifact Registry and others over https, a registry on a loopback address over http.
 */
export class OciRegistry implements ImageRegistry {
  private readonly logins: RegistryLogins;
  private readonly retries: RetryPolicy;
  private readonly sessions = new Map<string, RegistrySession>();

  constructor({ logins = defaultLogins(process.env), retries = patientRetries }: OciRegistryOptions = {}) {
    this.logins = logins;
    this.retries = retries;
  }

  async digestOf(reference: string): Promise<string | undefined> {
    const parsed = parseReference(reference);
    return this.explained("look up the image", parsed, () => this.headDigest(parsed));
  }

  async manifestOf(reference: string): Promise<Manifest | undefined> {
    const parsed = parseReference(reference);
    return this.explained("read the image's manifest", parsed, () => this.getManifest(parsed));
  }

  async triggersOf(reference: string, platform: string): Promise<readonly string[]> {
    const parsed = parseReference(reference);
    return this.explained("read the image's configuration", parsed, async () => {
      const manifest = await this.getManifest(parsed);
      if (manifest === undefined) throw absent(parsed);
      const digest = await this.configOf(manifest, parsed, platform);
      const config = await withRetries(this.retries, () =>
        readBlob(digest, parsed, this.sessionOf(parsed.registry), longestConfig),
      );
      const { config: { OnBuild } = {} }: ConfigDocument = JSON.parse(Buffer.from(config).toString("utf8"));
      return OnBuild ?? [];
    });
  }

  async createTag(image: string, tag: string): Promise<void> {
    const source = withDigest(image);
    const target: Reference = { registry: source.registry, repository: source.repository, tag };
    await this.explained("create the tag", target, async () => {
      const taken = await this.headDigest(target);
      if (taken === source.digest) return;
      if (taken !== undefined) throw tagTaken(target, taken, source.digest);
      const manifest = await this.getManifest(source);
      if (manifest === undefined) throw absent(source);
      try {
        await this.putManifest(target, manifest);
      } catch (error) {
        // Somebody may have been faster, or an earlier attempt arrived although its answer did not.
        const now = await this.headDigest(target);
        if (now === undefined) throw error;
        if (now !== source.digest) throw tagTaken(target, now, source.digest);
      }
    });
  }

  async copy(image: string, toRepository: string): Promise<void> {
    const source = withDigest(image);
    const { registry, repository } = parseReference(toRepository);
    const target: Reference = { registry, repository, digest: source.digest };
    await this.explained(`copy the image to ${registry}/${repository}`, source, () =>
      this.copyManifest(source, target),
    );
  }

  /** The digest of an image's configuration, of the one for a platform where there are several. */
  private async configOf(manifest: Manifest, reference: Reference, platform: string): Promise<string> {
    const { config, manifests = [] } = documentOf(manifest.bytes);
    if (config !== undefined) return config.digest;
    const [os, architecture] = platform.split("/");
    const own =
      manifests.find((one) => one.platform?.os === os && one.platform?.architecture === architecture) ??
      // An index need not say what its only image is for.
      manifests.find((one) => one.platform === undefined);
    const child = own && (await this.getManifest({ ...reference, digest: own.digest }));
    if (child !== undefined) return this.configOf(child, reference, platform);
    throw new UserError({
      problem: `the image is not there for ${platform}`,
      value: formatReference(reference),
      fix: "name an image that is",
    });
  }

  private async headDigest(reference: Reference): Promise<string | undefined> {
    const answer = await this.send(
      reference.registry,
      { method: "HEAD", path: manifestPath(reference), headers: { accept }, timeoutMs: manifestTimeoutMs },
      [{ repository: reference.repository, actions: "pull" }],
      async (response) => {
        if (response.status === 404) return "absent";
        // A few registries answer HEAD with 405 or leave the digest out: then the bytes tell it.
        const digest = response.headers.get("docker-content-digest") ?? "";
        if (response.status === 405 || (response.ok && !isDigest(digest))) return "unknown";
        if (!response.ok) throw new RefusedByRegistry(response.status, "");
        return digest;
      },
    );
    if (answer === "absent") return undefined;
    if (answer === "unknown") return (await this.getManifest(reference))?.digest;
    if (reference.digest !== undefined && reference.digest !== answer) {
      throw new Error(`answered with ${answer} when it was asked for ${reference.digest}`);
    }
    return answer;
  }

  private getManifest(reference: Reference): Promise<Manifest | undefined> {
    return this.send(
      reference.registry,
      { method: "GET", path: manifestPath(reference), headers: { accept }, timeoutMs: manifestTimeoutMs },
      [{ repository: reference.repository, actions: "pull" }],
      async (response, alive) => {
        const bytes = await readBytes(response, longestManifest, alive);
        if (response.status === 404) return undefined;
        if (!response.ok) throw new RefusedByRegistry(response.status, detailOf(bytes));
        const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
        const said = reference.digest ?? response.headers.get("docker-content-digest") ?? digest;
        if (said !== digest) throw new Error(`sent a manifest whose digest is ${digest} and not ${said}`);
        return { digest, mediaType: mediaTypeOf(response, bytes), bytes };
      },
    );
  }

  private async putManifest(reference: Reference, manifest: Manifest): Promise<void> {
    const { bytes, mediaType, digest } = manifest;
    const headers = { "content-type": mediaType };
    await this.send(
      reference.registry,
      { method: "PUT", path: manifestPath(reference), headers, body: bytes, timeoutMs: manifestTimeoutMs },
      [{ repository: reference.repository, actions: "pull,push" }],
      async (response, alive) => {
        const body = await readBytes(response, longestManifest, alive);
        if (!response.ok) throw new RefusedByRegistry(response.status, detailOf(body));
        const stored = response.headers.get("docker-content-digest");
        if (stored !== null && stored !== digest) throw new Error(`stored ${digest} as ${stored}`);
      },
    );
  }

  /** Parts before the whole, because a registry refuses a manifest whose parts it does not have. */
  private async copyManifest(source: Reference, target: Reference): Promise<void> {
    if ((await this.headDigest(target)) !== undefined) return;
    const manifest = await this.getManifest(source);
    if (manifest === undefined) throw absent(source);
    const parts = partsOf(manifest);
    for (const digest of parts.manifests) await this.copyManifest({ ...source, digest }, { ...target, digest });
    for (const digest of parts.blobs) {
      await withRetries(this.retries, () => copyBlob(digest, source, target, (registry) => this.sessionOf(registry)));
    }
    await this.putManifest(target, manifest);
  }

  private send<T>(registry: string, request: RegistryRequest, scopes: readonly Scope[], read: Reader<T>): Promise<T> {
    return withRetries(this.retries, () => this.sessionOf(registry).send(request, scopes, read));
  }

  private sessionOf(registry: string): RegistrySession {
    const session = this.sessions.get(registry) ?? new RegistrySession(registry, this.logins);
    this.sessions.set(registry, session);
    return session;
  }

  private async explained<T>(doing: string, reference: Reference, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw registryError(error, doing, reference);
    }
  }
}

/** A digest wins over a tag: the tag may have moved since the two were written side by side. */
function manifestPath({ repository, tag, digest }: Reference): string {
  return `${repository}/manifests/${digest ?? tag}`;
}

function withDigest(image: string): Reference & { readonly digest: string } {
  const { registry, repository, digest } = parseReference(image);
  if (digest !== undefined) return { registry, repository, digest };
  throw new UserError({
    problem: "an image can only be tagged or copied by its digest",
    value: image,
    allowed: "repository@sha256:…",
    fix: "look its digest up first, so that what was checked is what is published",
  });
}

function absent(reference: Reference): UserError {
  return new UserError({
    problem: "there is no such image in the registry",
    value: formatReference(reference),
    fix: "build it, or check that it was not cleaned up",
  });
}

function tagTaken(target: Reference, taken: string, wanted: string): UserError {
  return new UserError({
    problem: `the tag exists and names another image (${taken})`,
    value: `${formatReference(target)} for ${wanted}`,
    allowed: "a published tag never moves",
    fix: "find out which build published it; if the image must change, change its inputs or raise `epoch`",
  });
}

interface ManifestDocument {
  readonly mediaType?: string;
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string; readonly urls?: readonly string[] }[];
  readonly manifests?: readonly {
    readonly digest: string;
    readonly platform?: { readonly os?: string; readonly architecture?: string };
  }[];
}

/** The part of an image's configuration that is read. */
interface ConfigDocument {
  readonly config?: { readonly OnBuild?: readonly string[] | null };
}

function documentOf(bytes: Uint8Array): ManifestDocument {
  return JSON.parse(Buffer.from(bytes).toString("utf8"));
}

/** The manifests and blobs that a manifest names. Layers with addresses of their own are not kept in registries. */
function partsOf({ bytes }: Manifest): { manifests: readonly string[]; blobs: readonly string[] } {
  const { config, layers = [], manifests = [] } = documentOf(bytes);
  const kept = layers.filter(({ urls = [] }) => urls.length === 0);
  const blobs = [...(config === undefined ? [] : [config]), ...kept].map(({ digest }) => digest);
  const digests = { manifests: manifests.map(({ digest }) => digest), blobs: [...new Set(blobs)] };
  const odd = [...digests.manifests, ...digests.blobs].find((digest) => !isDigest(digest));
  if (odd !== undefined) throw new Error(`named a part of the image by "${odd}", which is not a sha256 digest`);
  return digests;
}

function mediaTypeOf(response: Response, bytes: Uint8Array): string {
  const header = response.headers.get("content-type")?.split(";")[0]?.trim() ?? "";
  return header.endsWith("+json") ? header : (documentOf(bytes).mediaType ?? header);
}
