import { UserError } from "../../chain/errors.ts";
import { formatReference, type Reference } from "../../chain/reference.ts";
import { UnreachableError } from "../http.ts";
import { TransientError } from "../retry.ts";
import { errorMessage } from "../systemError.ts";
import { isGoogleRegistry } from "./credentials.ts";
import { TokenRefused } from "./session.ts";

/** An answer of a registry that is neither what was asked for nor "there is no such image". */
export class RefusedByRegistry extends Error {
  override readonly name = "RefusedByRegistry";
  readonly status: number;

  /** `detail` is what the registry said, for example `DENIED: permission denied`; it may be empty. */
  constructor(status: number, detail: string) {
    super(`answered ${status}${detail === "" ? "" : `: ${detail}`}`);
    this.status = status;
  }
}

/** The message in a registry's error body (`{"errors":[{"code","message"}]}`), or the start of what it sent. */
export function detailOf(body: Uint8Array): string {
  const text = Buffer.from(body).toString("utf8").trim();
  try {
    const parsed: { errors?: readonly { code?: string; message?: string }[] } = JSON.parse(text);
    return (parsed.errors ?? []).map(({ code, message }) => [code, message].filter(Boolean).join(": ")).join("; ");
  } catch {
    return text.slice(0, 200).replace(/\s+/g, " ");
  }
}

/** Says to a person what went wrong with an image in a registry, and what to do about it. */
export function registryError(error: unknown, doing: string, reference: Reference): unknown {
  if (error instanceof UserError) return error;
  const status =
    error instanceof RefusedByRegistry || error instanceof TokenRefused || error instanceof TransientError
      ? error.status
      : undefined;
  const { host, says } = attributed(reference.registry, errorMessage(error));
  return new UserError(
    {
      problem: `cannot ${doing}: ${host} ${says}`,
      value: formatReference(reference),
      fix: fixFor(status, error, reference),
    },
    { cause: error },
  );
}

/** Who a message is about: the registry, unless it begins with that or with one of its hosts; and what it says then. */
function attributed(registry: string, message: string): { readonly host: string; readonly says: string } {
  const [first = ""] = message.split(" ", 1);
  const named = first === registry || first.endsWith(`.${registry}`);
  return named ? { host: first, says: message.slice(first.length + 1) } : { host: registry, says: message };
}

function fixFor(status: number | undefined, error: unknown, { registry, repository }: Reference): string {
  const google = isGoogleRegistry(registry, process.env);
  if (status === 401) {
    return google
      ? "run `gcloud auth application-default login`, or give the machine a service account"
      : `check the spelling of ${repository}; if it is private, run \`docker login ${registry}\``;
  }
  if (status === 403) {
    return google
      ? "grant this account roles/artifactregistry.reader (to check and pull) or .writer (to push) on the repository"
      : `use an account that may reach ${repository}: \`docker login ${registry}\``;
  }
  if (status === 429) return "wait for the registry's limit to pass, log in for a higher one, or use a mirror";
  if (status !== undefined && status >= 500) return "the registry is failing; run the command again in a while";
  if (error instanceof TransientError || error instanceof UnreachableError) {
    return `check that this machine reaches ${registry} (name, proxy, firewall), then run the command again`;
  }
  return "check the image's name, then run the command again";
}
