import { UserError } from "../errors.ts";
import { csvFields } from "./csv.ts";

/** The kinds of RUN --mount. */
export type MountType = "bind" | "cache" | "tmpfs" | "secret" | "ssh";

/** One RUN --mount, its fields as written or expanded. */
export interface Mount {
  readonly type: MountType;
  /** Stage, image or named context; "" is the build context. */
  readonly from: string;
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** Bytes of a tmpfs; 0 is no limit. */
  readonly size: number;
  readonly id: string;
  readonly sharing: "" | "shared" | "private" | "locked";
  readonly required: boolean;
  /** Name of the variable that holds a secret. */
  readonly env?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const TYPES: readonly string[] = ["bind", "cache", "tmpfs", "secret", "ssh"];
const KEYS = "type, from, source, target, readonly, readwrite, id, sharing, required, size, mode, uid, gid, env";

/**
 * Reads the values of RUN --mount flags.
 * @param flags what stands behind each "--mount="
 * @param expand replaces variables; undefined where values are not known yet: then only "from" is read
 */
export function parseMounts(
  flags: readonly string[],
  expand: ((word: string) => string) | undefined,
  at: { readonly file: string; readonly line: number },
): readonly Mount[] {
  return flags.map((flag) => new MountReader(flag, expand, at).read());
}

class MountReader {
  private readonly flag: string;
  private readonly expand: ((word: string) => string) | undefined;
  private readonly at: { readonly file: string; readonly line: number };
  private readonly mount: Mutable<Mount> = {
    ...{
      type: "bind",
      from: "",
      source: "",
      target: "",
      readOnly: false,
      size: 0,
      id: "",
      sharing: "",
      required: false,
    },
  };
  /** Whether the mount says nothing of reading and writing, so that its type decides. */
  private accessByType = true;

  constructor(flag: string, expand: MountReader["expand"], at: MountReader["at"]) {
    this.flag = flag;
    this.expand = expand;
    this.at = at;
  }

  read(): Mount {
    const fields = csvFields(this.flag);
    if (!fields) throw this.error("the quotes in RUN --mount do not match", this.flag);
    for (const field of fields) {
      const equals = field.indexOf("=");
      if (equals === -1) this.word(field);
      else this.pair(field.slice(0, equals).toLowerCase(), field.slice(equals + 1), field);
    }
    this.check();
    const { type } = this.mount;
    if (this.accessByType) this.mount.readOnly = type !== "cache" && type !== "tmpfs";
    return this.mount;
  }

  private error(problem: string, value: string, allowed?: string): UserError {
    return new UserError({ problem, value, ...(allowed !== undefined && { allowed }), at: this.at });
  }

  private word(field: string): void {
    if (!this.expand) return;
    const key = field.toLowerCase();
    if (key === "readonly" || key === "ro") this.access(true);
    else if (key === "readwrite" || key === "rw") this.access(false);
    else if (key === "required" && this.isSecret()) this.mount.required = true;
    else throw this.error("a field of RUN --mount has no value or does not belong to its type", field, "key=value");
  }

  private access(readOnly: boolean): void {
    this.mount.readOnly = readOnly;
    this.accessByType = false;
  }

  private isSecret(): boolean {
    return this.mount.type === "secret" || this.mount.type === "ssh";
  }

  private pair(key: string, raw: string, field: string): void {
    if (!this.expand) {
      if (key !== "from") return;
      const dollar = raw.indexOf("$");
      if (dollar !== -1 && dollar !== raw.length - 1) {
        throw new UserError({
          problem: "RUN --mount takes no variables in from=",
          value: field,
          fix: "define a stage: FROM $IMAGE AS name, then from=name",
          at: this.at,
        });
      }
      this.mount.from = raw;
      return;
    }
    this.set(key, this.expand(raw), field);
  }

  private set(key: string, value: string, field: string): void {
    const { mount } = this;
    switch (key) {
      case "type":
        if (!TYPES.includes(value.toLowerCase())) throw this.error("unknown type of mount", value, TYPES.join(", "));
        mount.type = value.toLowerCase() as MountType;
        return;
      case "from":
        mount.from = value;
        return;
      case "source":
      case "src":
        mount.source = value;
        return;
      case "target":
      case "dst":
      case "destination":
        mount.target = value;
        return;
      case "readonly":
      case "ro":
        this.access(this.truth(value, field));
        return;
      case "readwrite":
      case "rw":
        this.access(!this.truth(value, field));
        return;
      case "required":
        if (!this.isSecret()) throw this.error("required belongs to secret and ssh mounts", field);
        mount.required = this.truth(value, field);
        return;
      case "size":
        if (mount.type !== "tmpfs") throw this.error("size belongs to tmpfs mounts", field);
        mount.size = this.bytes(value, field);
        return;
      case "id":
        mount.id = value;
        return;
      case "sharing": {
        const sharing = value.toLowerCase();
        if (sharing !== "shared" && sharing !== "private" && sharing !== "locked") {
          throw this.error("unknown sharing of a cache mount", value, "shared, private, locked");
        }
        mount.sharing = sharing;
        return;
      }
      case "mode":
        mount.mode = this.number(value, 8, field);
        return;
      case "uid":
        mount.uid = this.number(value, 10, field);
        return;
      case "gid":
        mount.gid = this.number(value, 10, field);
        return;
      case "env":
        mount.env = value;
        return;
      default:
        throw this.error("unknown field of RUN --mount", field, KEYS);
    }
  }

  private truth(value: string, field: string): boolean {
    if (["1", "t", "T", "TRUE", "true", "True"].includes(value)) return true;
    if (["0", "f", "F", "FALSE", "false", "False"].includes(value)) return false;
    throw this.error("the field is neither true nor false", field, "true, false");
  }

  private number(value: string, base: 8 | 10, field: string): number {
    const digits = base === 8 ? /^[0-7]+$/ : /^[0-9]+$/;
    const number = digits.test(value) ? Number.parseInt(value, base) : Number.NaN;
    if (!(number <= 0xffffffff)) throw this.error(`the field is no number to base ${base}`, field);
    return number;
  }

  private bytes(value: string, field: string): number {
    const match = /^(\d+(?:\.\d*)?|\.\d+) ?([kmgtp]?)(?:i?b)?$/i.exec(value);
    if (!match) throw this.error("the field is no size", field, "a number with b, k, m or g: 512m");
    return Math.trunc(Number(match[1]) * 1024 ** " kmgtp".indexOf((match[2] || " ").toLowerCase()));
  }

  private check(): void {
    const { type, mode, uid, gid, from, sharing, source, target, id } = this.mount;
    if ((type === "bind" || type === "tmpfs") && [mode, uid, gid].some((one) => one !== undefined)) {
      throw this.error(`mode, uid and gid do not belong to ${type} mounts`, this.flag);
    }
    if (type === "secret") {
      if (from !== "") throw this.error("a secret mount takes no from", this.flag);
      if (source === "" && target === "" && id === "")
        throw this.error("a secret mount needs an id", this.flag, "id=NAME");
      if (source !== "" && id !== "") throw this.error("a secret mount takes source or id, not both", this.flag);
    }
    if (sharing !== "" && type !== "cache") throw this.error("sharing belongs to cache mounts", this.flag);
  }
}
