import type { Cloud } from "../cloud.ts";
import type { Message } from "../schema/messages.ts";

/** A pushed manifest as it is kept: Artifact Registry calls it a version of a package. */
export interface Manifest {
  /** `sha256:…`. */
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes of the manifest itself. */
  readonly size: number;
  /** Bytes of the manifest, its config and its layers. */
  readonly imageSize: number;
  readonly uploadTime: string;
  /** The digest that this manifest refers to: an attestation's image. */
  readonly subject?: string;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The content of Artifact Registry: manifests, tags and which blobs a repository has. Names are full resource names. */
export class RegistryContent {
  readonly #cloud: Cloud;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  /** `projects/P/locations/L/repositories/R/packages/a%2Fb` for the image `a/b`. */
  static packageName(repository: string, image: string): string {
    return `${repository}/packages/${image.replaceAll("/", "%2F")}`;
  }

  /** Whether a repository has a blob. */
  hasBlob(repository: string, digest: string): boolean {
    return this.#cloud.documents.get("registry.blobs", `${repository}#${digest}`) !== undefined;
  }

  /** Lets a repository have a blob whose bytes are here. */
  addBlob(repository: string, digest: string): void {
    this.#cloud.documents.put("registry.blobs", `${repository}#${digest}`, {});
  }

  /** The manifest that a tag or digest of a package names. */
  manifest(packageName: string, reference: string): Manifest | undefined {
    const digest = reference.startsWith("sha256:") ? reference : this.tag(packageName, reference);
    return digest === undefined
      ? undefined
      : this.#cloud.documents.get<Manifest>("registry.versions", `${packageName}/versions/${digest}`);
  }

  /** The digest that a tag points to. */
  tag(packageName: string, tag: string): string | undefined {
    return this.#cloud.documents.get<string>("registry.tags", `${packageName}/tags/${tag}`);
  }

  /** Keeps a manifest and, with it in one step, points a tag at it. */
  putManifest(packageName: string, manifest: Manifest, tag?: string): void {
    const { documents } = this.#cloud;
    const now = new Date().toISOString();
    documents.transaction(() => {
      const known = documents.get<Message>("registry.packages", packageName);
      documents.put("registry.packages", packageName, {
        name: packageName,
        createTime: known?.createTime ?? now,
        updateTime: now,
      });
      const name = `${packageName}/versions/${manifest.digest}`;
      if (!documents.get("registry.versions", name)) documents.put("registry.versions", name, manifest);
      if (tag !== undefined) documents.put("registry.tags", `${packageName}/tags/${tag}`, manifest.digest);
    });
  }

  /** Points a tag at a digest. */
  putTag(packageName: string, tag: string, digest: string): void {
    this.#cloud.documents.put("registry.tags", `${packageName}/tags/${tag}`, digest);
  }

  /** Every tag of a package with its digest, in the order of names. */
  tags(packageName: string): readonly { readonly tag: string; readonly digest: string }[] {
    const prefix = `${packageName}/tags/`;
    const rows = this.#cloud.documents.list<string>("registry.tags", { prefix });
    return rows.map((row) => ({ tag: row.name.slice(prefix.length), digest: row.body }));
  }

  /** Every manifest of a package. */
  manifests(packageName: string): readonly Manifest[] {
    const rows = this.#cloud.documents.list<Manifest>("registry.versions", { prefix: `${packageName}/versions/` });
    return rows.map((row) => row.body);
  }

  /** The images of a repository, such as `a/b`. */
  images(repository: string): readonly string[] {
    const prefix = `${repository}/packages/`;
    const rows = this.#cloud.documents.list("registry.packages", { prefix });
    return rows.map((row) => row.name.slice(prefix.length).replaceAll("%2F", "/"));
  }

  /** Removes a tag. */
  deleteTag(packageName: string, tag: string): boolean {
    return this.#cloud.documents.delete("registry.tags", `${packageName}/tags/${tag}`);
  }

  /** Removes a manifest and the tags that point to it. */
  deleteManifest(packageName: string, digest: string): void {
    const { documents } = this.#cloud;
    documents.transaction(() => {
      for (const { tag, digest: target } of this.tags(packageName)) {
        if (target === digest) this.deleteTag(packageName, tag);
      }
      documents.delete("registry.versions", `${packageName}/versions/${digest}`);
    });
  }

  /** Removes a package with everything in it. */
  deletePackage(packageName: string): void {
    const { documents } = this.#cloud;
    documents.transaction(() => {
      for (const { tag } of this.tags(packageName)) this.deleteTag(packageName, tag);
      for (const { digest } of this.manifests(packageName)) {
        documents.delete("registry.versions", `${packageName}/versions/${digest}`);
      }
      documents.delete("registry.packages", packageName);
    });
  }
}
