import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { UserError } from "../../chain/errors.ts";

/** Where a listing begins and how much of it is wanted. */
export interface ListOptions {
  /** Only names that begin with this. */
  readonly prefix?: string;
  /** Only names after this one. */
  readonly after?: string;
  readonly limit?: number;
}

/**
 * Named JSON documents in collections, kept in one SQLite file. A write is on disk, whole or not at all, before the
 * call returns; the file belongs to one process at a time, so two servers can never share a folder.
 */
export class Documents {
  readonly #database: DatabaseSync;
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #list: StatementSync;

  /**
   * @param directory - where the file is kept; made if it is not there.
   * @throws UserError if another process has it open.
   */
  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    this.#database = new DatabaseSync(join(directory, "state.sqlite"));
    try {
      this.#database.exec("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
      this.#database.exec(
        "CREATE TABLE IF NOT EXISTS documents (collection TEXT, name TEXT, body TEXT NOT NULL, PRIMARY KEY (collection, name)) WITHOUT ROWID",
      );
    } catch (error) {
      this.#database.close();
      throw new UserError(
        {
          problem: "another local cloud uses this folder",
          value: directory,
          fix: "strata local status says which; strata local down stops it",
        },
        { cause: error },
      );
    }
    this.#get = this.#database.prepare("SELECT body FROM documents WHERE collection = ? AND name = ?");
    this.#put = this.#database.prepare("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)");
    this.#delete = this.#database.prepare("DELETE FROM documents WHERE collection = ? AND name = ?");
    this.#list = this.#database.prepare(
      "SELECT name, body FROM documents WHERE collection = ? AND name > ? AND name >= ? AND name < ? ORDER BY name LIMIT ?",
    );
  }

  /** The document, or undefined where there is none. The caller says which type it put there. */
  get<T>(collection: string, name: string): T | undefined {
    const row = this.#get.get(collection, name);
    return row === undefined ? undefined : (JSON.parse(String(row.body)) as T);
  }

  /** Writes a document, over the one that was there. */
  put(collection: string, name: string, body: unknown): void {
    this.#put.run(collection, name, JSON.stringify(body));
  }

  /** Removes a document. Returns whether it was there. */
  delete(collection: string, name: string): boolean {
    return this.#delete.run(collection, name).changes > 0;
  }

  /** Documents in the order of their names' bytes. */
  list<T>(collection: string, { prefix = "", after = "", limit = -1 }: ListOptions = {}): { name: string; body: T }[] {
    const rows = this.#list.all(collection, after, prefix, `${prefix}\u{10ffff}`, limit);
    return rows.map((row) => ({ name: String(row.name), body: JSON.parse(String(row.body)) as T }));
  }

  /** Runs `work` so that all its writes are kept or none is. */
  transaction<T>(work: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Closes the file; the object is of no use afterwards. */
  close(): void {
    this.#database.close();
  }
}
