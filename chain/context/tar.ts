/**
 * A writer of POSIX tar headers (IEEE Std 1003.1, "pax Interchange Format"). It is written here, and not taken from a
 * library, because an archive's digest names it in the bucket and stands in for a context: no new version of a
 * library may change a byte of it.
 */

/** Headers and contents fill whole blocks of so many bytes. */
export const BLOCK_BYTES = 512;

/**
 * The time of everything in an archive, in seconds since 1970: 2 January 1980. Zip files, and so Python wheels that an
 * image builds from its context, cannot hold a time before 1980, in whatever time zone.
 */
const MTIME = 315_619_200;

/** Sizes from here on (8 GiB) do not fit the header's octal digits. */
const LARGE = 8 ** 11;

/** What an archive keeps of a path. */
export type Member =
  | { readonly kind: "file"; readonly path: string; readonly executable: boolean; readonly size: number }
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string };

/** The blocks before a member's content: its header, and before it a pax header where the plain one cannot say all. */
export function header(member: Member): Buffer {
  const name = member.kind === "directory" ? `${member.path}/` : member.path;
  const link = member.kind === "symlink" ? member.target : "";
  const size = member.kind === "file" ? member.size : 0;
  const records: string[] = [];
  if (!fits(name)) records.push(paxRecord("path", name));
  if (!fits(link)) records.push(paxRecord("linkpath", link));
  if (size >= LARGE) records.push(paxRecord("size", String(size)));
  const plain = ustar(name, modeOf(member), size, TYPES[member.kind], link);
  if (records.length === 0) return plain;
  const content = Buffer.from(records.join(""));
  return Buffer.concat([ustar("PaxHeader", 0o644, content.length, "x", ""), content, padding(content.length), plain]);
}

/** The zeros that fill the last block of a content. */
export function padding(bytes: number): Buffer {
  return ZEROS.subarray(0, (BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES);
}

/** What ends an archive. */
export function trailer(): Buffer {
  return ZEROS;
}

const ZEROS = Buffer.alloc(2 * BLOCK_BYTES);

const TYPES = { file: "0", symlink: "2", directory: "5" } as const;

function modeOf(member: Member): number {
  if (member.kind === "symlink") return 0o777;
  return member.kind === "directory" || member.executable ? 0o755 : 0o644;
}

/** Whether a header's 100 bytes can hold a name as every reader understands it. */
function fits(name: string): boolean {
  return name.length <= 100 && /^[ -~]*$/.test(name);
}

/** "<length> <key>=<value>\n", where the length counts all of it, its own digits too. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function ustar(name: string, mode: number, size: number, type: string, link: string): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(name, 0, 100, "utf8");
  octal(block, 100, 8, mode);
  octal(block, 108, 8, 0);
  octal(block, 116, 8, 0);
  octal(block, 124, 12, Math.min(size, LARGE - 1));
  octal(block, 136, 12, MTIME);
  block.write(type, 156, "latin1");
  block.write(link, 157, 100, "utf8");
  block.write("ustar\x0000", 257, "latin1");
  octal(block, 329, 8, 0);
  octal(block, 337, 8, 0);
  block.fill(" ", 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  octal(block, 148, 7, sum);
  return block;
}

/** A number in octal digits with leading zeros, ended by a zero byte. */
function octal(block: Buffer, at: number, width: number, value: number): void {
  block.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at, "latin1");
}
