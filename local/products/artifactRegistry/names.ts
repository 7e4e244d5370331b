import type { Message } from "../../schema/messages.ts";

/** Begin of Google's method ids. */
export const ROOT = "artifactregistry.projects.locations";

/** `projects/P/locations/L/repositories/R` of the name of something in it. */
export function repositoryOf(name: string): string {
  return name.split("/").slice(0, 6).join("/");
}

/** `…/packages/P` of the name of a version or tag. */
export function packageOf(name: string): string {
  return name.split("/").slice(0, 8).join("/");
}

/** `…/dockerImages/NAME@DIGEST` of a package's version. */
export function dockerImageName(packageName: string, digest: string): string {
  return `${repositoryOf(packageName)}/dockerImages/${packageName.split("/").at(-1)}@${digest}`;
}

/** A tag as the API shows it. */
export function shownTag(packageName: string, tag: string, digest: string): Message {
  return { name: `${packageName}/tags/${tag}`, version: `${packageName}/versions/${digest}` };
}
