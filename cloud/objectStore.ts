/** An object while it is being read. */
export interface StoredObject {
  /** In bytes. */
  readonly size: number;
  /** Names this version of the object; changes with every write. */
  readonly generation: string;
  /** The content; it can be read once. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Makes a write or a removal happen only if the object is still at a generation; `"0"`: only if there is none. */
export interface Condition {
  readonly ifGeneration: string;
}

/** What is written: bytes, or a function that opens them as a stream, once for each attempt. */
export type Content = Uint8Array<ArrayBuffer> | (() => ReadableStream<Uint8Array>);

/** Named objects in a bucket, to be read. Names are paths with `/`. "Absent" is only what the store calls absent. */
export interface ReadableObjects {
  /**
   * Hands the object to `use` and gives back what that returns; undefined if there is no such object. `use` may be
   * called again if the connection is cut while it reads.
   */
  read<T>(name: string, use: (object: StoredObject) => Promise<T>): Promise<T | undefined>;
}

/** Named objects in a bucket, to be read and changed. */
export interface ObjectStore extends ReadableObjects {
  /** Creates or replaces the object and gives its generation. Throws {@link ConditionFailed}. */
  write(name: string, content: Content, condition?: Condition): Promise<string>;

  /** Removes the object; one that is not there is as good as removed. Throws {@link ConditionFailed}. */
  remove(name: string, condition?: Condition): Promise<void>;

  /** The names that begin with `prefix`, in order. */
  list(prefix: string): Promise<readonly string[]>;
}

/** The object is at another generation than the condition asks for. */
export class ConditionFailed extends Error {
  override readonly name = "ConditionFailed";
}

/** Reads a whole object of at most `most` bytes. */
export async function readAll(object: StoredObject, most: number): Promise<Uint8Array<ArrayBuffer>> {
  if (object.size > most) throw new Error(`the object has ${object.size} bytes, which is more than ${most}`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of object.body) {
    length += chunk.length;
    if (length > most) throw new Error(`the object has more than ${most} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
