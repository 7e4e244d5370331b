import { invalid } from "../../http/errors.ts";
import type { Message } from "../../schema/messages.ts";

/** Substitutions that Cloud Build gives values itself; those that do not apply to a build are empty. */
const BUILT_IN = [
  ...["PROJECT_ID", "PROJECT_NUMBER", "BUILD_ID", "LOCATION", "TRIGGER_NAME", "TRIGGER_BUILD_CONFIG_PATH"],
  ...["SERVICE_ACCOUNT", "SERVICE_ACCOUNT_EMAIL", "COMMIT_SHA", "REVISION_ID", "SHORT_SHA", "REPO_NAME"],
  ...[
    "REPO_FULL_NAME",
    "BRANCH_NAME",
    "TAG_NAME",
    "REF_NAME",
    "_HEAD_BRANCH",
    "_BASE_BRANCH",
    "_HEAD_REPO_URL",
    "_PR_NUMBER",
  ],
] as const;

/** `$$`, `$NAME`, `${NAME}` or a brace that is something else. */
const REFERENCE = /\$(?:(\$)|([A-Za-z_]\w*)|\{([^}]*)\})/g;

/** The fields of a build and of its steps in which substitutions are replaced; a step's `script` is taken as it is. */
const BUILD_FIELDS = [
  "images",
  "tags",
  "logsBucket",
  "options",
  "serviceAccount",
  "artifacts",
  "source",
  "availableSecrets",
];
const STEP_FIELDS = ["name", "args", "env", "dir", "entrypoint", "id", "waitFor"];

/**
 * Replaces the substitutions of a build.
 *
 * @param values - the build's own, and the built-in ones that apply to it.
 * @param loose - whether a key may be unknown or unused (ALLOW_LOOSE), as in builds of triggers.
 * @throws GoogleError 400 for a key that is malformed, unknown or unused.
 */
export function substitute(build: Message, values: Readonly<Record<string, string>>, loose: boolean): Message {
  const own = (build.substitutions ?? {}) as Readonly<Record<string, string>>;
  for (const key of Object.keys(own)) {
    if (/^_[A-Z0-9_]+$/.test(key)) continue;
    if (!(BUILT_IN as readonly string[]).includes(key)) {
      throw refused(
        `substitution key "${key}" does not match format "^_[A-Z0-9_]+$" and is not a built-in substitution`,
      );
    }
  }
  const known = {
    ...Object.fromEntries(BUILT_IN.filter((key) => !key.startsWith("_")).map((key) => [key, ""])),
    ...values,
    ...own,
  };
  const used = new Set<string>();
  const replace = (value: unknown): unknown => {
    if (typeof value === "string") return replaceText(value, known, loose, used);
    if (Array.isArray(value)) return value.map(replace);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replace(item)]));
  };
  const steps = ((build.steps ?? []) as readonly Message[]).map((step) => replaceFields(step, STEP_FIELDS, replace));
  const result = { ...replaceFields(build, BUILD_FIELDS, replace), steps };
  const unused = loose ? undefined : Object.keys(own).find((key) => !used.has(key));
  if (unused) throw refused(`key "${unused}" in the substitution data is not matched in the template`);
  return result;
}

function replaceFields(message: Message, fields: readonly string[], replace: (value: unknown) => unknown): Message {
  return Object.fromEntries(
    Object.entries(message).map(([field, value]) => [field, fields.includes(field) ? replace(value) : value]),
  );
}

function replaceText(text: string, known: Readonly<Record<string, string>>, loose: boolean, used: Set<string>): string {
  return text.replace(REFERENCE, (whole, escaped?: string, plain?: string, braced?: string) => {
    if (escaped) return "$";
    const name = plain ?? braced ?? "";
    if (braced !== undefined && !/^[A-Za-z_]\w*$/.test(braced)) {
      throw refused(`"${whole}" is a bash expansion, which the local cloud does not do; write $$ for a dollar sign`);
    }
    used.add(name);
    const value = known[name];
    if (value !== undefined) return value;
    if (loose && name.startsWith("_")) return "";
    throw refused(`key in the template "${name}" is not a valid built-in substitution`);
  });
}

function refused(reason: string) {
  return invalid(`invalid value for 'build.substitutions': ${reason}`);
}
