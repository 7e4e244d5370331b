import { posix } from "node:path";
import type { Canonical } from "../canonical.ts";
import { hasWildcard } from "../context/goPath.ts";
import type { InstructionOf } from "./instructions.ts";
import { cleanPath } from "./paths.ts";
import { isGitSource, isUrl, remoteSource } from "./remoteSources.ts";
import type { StageState } from "./state.ts";
import type { ContextRead, FileSystem, Step } from "./steps.ts";
import { isSymbolic, readable, splitAroundSymbols } from "./symbols.ts";

/**
 * COPY and ADD: a step that adds files from the context, another file system, a URL or the Dockerfile itself.
 * @param supplier the file system of --from; undefined for the context
 */
export function evaluateTransfer(
  transfer: InstructionOf<"COPY"> | InstructionOf<"ADD">,
  state: StageState,
  supplier: FileSystem | undefined,
): Step {
  const chown = state.expand(transfer.chown);
  const chmod = state.expand(transfer.chmod);
  const checksum = transfer.kind === "ADD" ? state.expand(transfer.checksum) : "";
  const sources = transfer.sources.map((source) => state.expand(source));
  const destination = state.expand(transfer.destination);
  const heredocs = transfer.heredocs.map((heredoc) => ({
    name: heredoc.name,
    content: heredoc.expands ? state.expand(heredoc.content, { escape: "\\", plainQuotes: true }) : heredoc.content,
  }));
  // A linked layer is built apart and merged. With --chmod BuildKit copies in the ordinary way, and on an empty file
  // system there is nothing to merge with.
  const linked = transfer.link && chmod === "" && state.fileSystem.kind !== "scratch";
  const parents = transfer.kind === "COPY" && transfer.parents;
  const operation: Canonical = {
    destination: state.absolute(destination),
    owner: chown === "" ? null : ownerOf(chown, state, transfer.link),
    mode: modeOf(chmod),
    exclude: transfer.exclude,
    linked,
    heredocs,
    sources: describeSources(transfer, state, sources, { supplier, parents, checksum }),
  };
  const local = sources.filter((source) => transfer.kind === "COPY" || !(isUrl(source) || isGitSource(source)));
  const copy = { sources: local, exclude: transfer.exclude, parents, at: { file: state.file, line: state.line } };
  const reads: ContextRead[] = supplier || local.length === 0 ? [] : [{ kind: "copy", copy }];
  const inputs = supplier ? [state.fileSystem, supplier] : [state.fileSystem];
  const step = state.append(transfer, { operation, inputs, reads });
  const flags = [parents ? " --parents" : "", chown && ` --chown=${chown}`, chmod && ` --chmod=${chmod}`].join("");
  const names = [...sources, ...heredocs.map(({ name }) => `<<${name}`), destination].join(" ");
  state.remember(`${transfer.kind}${flags} ${names}`);
  return step;
}

function describeSources(
  transfer: InstructionOf<"COPY"> | InstructionOf<"ADD">,
  state: StageState,
  sources: readonly string[],
  options: { readonly supplier: FileSystem | undefined; readonly parents: boolean; readonly checksum: string },
): Canonical {
  const paths = sources.map((source) => `/${posix.normalize(`/${source}`).replace(/\/+$/, "").slice(1)}`);
  const ranks = [...new Set(paths)].sort();
  return sources.map((source, index): Canonical => {
    const path = paths[index] ?? "";
    if (isSymbolic(source)) {
      throw state.error(`what ${transfer.kind} reads is not known before the build`, readable(source), {
        fix: "set the variable in this Dockerfile with ARG or ENV, or name the path",
      });
    }
    if (isUrl(source) || isGitSource(source)) {
      if (transfer.kind === "ADD") return remoteSource(source, transfer, options.checksum, state);
      throw state.error("COPY takes files, not URLs", source, { fix: "use ADD with --checksum" });
    }
    if (options.checksum !== "") {
      throw state.error("--checksum is for URLs and Git repositories", source, { fix: "remove --checksum" });
    }
    if (options.parents) {
      const [base, pattern] = source.includes("/./") ? splitPivot(source) : ["", source];
      const folder = belowRoot(base) || "/";
      if (options.supplier) return { parents: belowRoot(pattern), base: folder };
      // A path without wildcards has to exist, and as that it counts with all its folders.
      const required = folder.includes("/", 1) && !hasWildcard(base) && !hasWildcard(pattern);
      return {
        parents: belowRoot(pattern),
        base: posix.basename(folder),
        required: required ? cleanPath(`/${base}/${pattern}`) : undefined,
      };
    }
    const unpack = transfer.kind === "ADD" && (transfer.unpack ?? true);
    // From the context the content counts and the last part of the name, from elsewhere the path.
    if (options.supplier) return { path, unpack };
    return { name: posix.basename(path), wildcard: hasWildcard(path), rank: ranks.indexOf(path), unpack };
  });
}

function splitPivot(source: string): [string, string] {
  const at = source.indexOf("/./");
  return [source.slice(0, at), source.slice(at + 3)];
}

/** A path as --parents takes it, without its first slash. BuildKit cleans only those that are relative. */
function belowRoot(path: string): string {
  return (path.startsWith("/") ? path : cleanPath(`/${path}`)).slice(1);
}

/** "user:group" with names and numbers told apart, "root" and no user at all being 0. */
function ownerOf(chown: string, state: StageState, link: boolean): Canonical {
  const [first = "", ...rest] = splitAroundSymbols(chown, ":");
  const parts = rest.length === 0 ? [first] : [first, rest.join(":")];
  const [user = null, group = null] = parts.map((part, index) => {
    if (index === 1 && part === "") return null;
    if (part === "root" || part === "") return 0;
    return /^[+-]?\d{1,10}$/.test(part) ? Number(part) : part;
  });
  if (link && [user, group].some((one) => typeof one === "string" && !isSymbolic(one))) {
    throw state.error("--chown by name does not work together with --link", chown, {
      fix: "use numbers: --chown=1000:1000",
    });
  }
  return [user, group];
}

/** An octal mode as a number, a symbolic one as text. */
function modeOf(chmod: string): Canonical {
  if (chmod === "") return null;
  return /^[0-7]+$/.test(chmod) ? Number.parseInt(chmod, 8) : chmod;
}
