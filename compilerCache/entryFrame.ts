import { createHash, timingSafeEqual } from "node:crypto";

const magic = Buffer.from("strata-ccache-entry-1\n");
const digestLength = 32;

/** The bytes that a frame adds to an entry. */
export const frameLength = magic.length + digestLength;

/** A frame with room for an entry of so many bytes; they are put into what {@link entryIn} gives. */
export function newFrame(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(frameLength + length);
}

/** The part of a frame that holds the entry. */
export function entryIn(frame: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return frame.subarray(frameLength);
}

/**
 * Makes a frame that holds an entry ready to be stored: a marker of the format, a sha256 over the entry's key and bytes,
 * the bytes. In place, since an entry may have a hundred MB. The key is part of the checksum so that an entry stored
 * under another's name is noticed as well. The checksum protects against truncation, damage and mix-ups; against
 * somebody who may write to the bucket, only the bucket's IAM policy does.
 */
export function seal(key: string, frame: Uint8Array<ArrayBuffer>): void {
  frame.set(magic);
  frame.set(checksum(key, entryIn(frame)), magic.length);
}

/** The entry in a frame, or undefined if the frame is not whole, or not of this key. */
export function open(key: string, framed: Uint8Array): Uint8Array | undefined {
  if (framed.length < frameLength || !magic.equals(framed.subarray(0, magic.length))) return undefined;
  const bytes = framed.subarray(frameLength);
  return timingSafeEqual(checksum(key, bytes), framed.subarray(magic.length, frameLength)) ? bytes : undefined;
}

function checksum(key: string, bytes: Uint8Array): Buffer {
  return createHash("sha256").update(`${key}\n`).update(bytes).digest();
}
