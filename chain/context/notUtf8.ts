import { UserError } from "../errors.ts";

/** The error for bytes that stand where a name or a symlink's target should: no Dockerfile and no archive can hold them. */
export function notUtf8(what: string, bytes: Buffer, file: string): UserError {
  const escaped = bytes
    .toString("latin1")
    .replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return new UserError({
    problem: `${what} is not valid UTF-8`,
    value: escaped,
    fix: "rename or remove it",
    at: { file },
  });
}
