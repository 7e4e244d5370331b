/** What a manifest is in a registry: its exact bytes, which its digest is the hash of. */
export interface Manifest {
  /** sha256 of `bytes`, as `sha256:…`. */
  readonly digest: string;
  /** For example `application/vnd.oci.image.index.v1+json`. */
  readonly mediaType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Where images are published. It is the truth about what exists, so "absent" is only what the registry itself calls
 * absent (404): every other failure, of the network or of the registry, is thrown and stops the caller. References are
 * written as after `docker pull`.
 */
export interface ImageRegistry {
  /** The digest that a reference names, or undefined if the registry answers that there is no such image. */
  digestOf(reference: string): Promise<string | undefined>;

  /** The manifest that a reference names, its bytes checked against its digest; undefined if there is none. */
  manifestOf(reference: string): Promise<Manifest | undefined>;

  /**
   * The ONBUILD triggers of the image at a reference: instructions that a build FROM it runs without naming them.
   * @param platform of the images that a reference can have several of: "linux/amd64"
   * @throws UserError where there is no such image, or none for the platform
   */
  triggersOf(reference: string, platform: string): Promise<readonly string[]>;

  /**
   * Gives the image at `repository@digest` one more tag. A tag that already names the same digest is left alone; one
   * that names another digest is an error, so that publishing never moves a tag.
   */
  createTag(image: string, tag: string): Promise<void>;

  /**
   * Copies the image at `repository@digest` with everything it is made of to another repository, under the same
   * digest and without a tag. What is already there is not sent again.
   */
  copy(image: string, toRepository: string): Promise<void>;
}
