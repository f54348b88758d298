// Where a subscriber keeps how far it has come.
import { readFile, rename, writeFile } from "node:fs/promises";

/** Keeps one cursor. */
export interface CursorStore {
  /** The cursor that was saved last; undefined: none was. */
  load(): Promise<string | undefined>;
  save(cursor: string): Promise<void>;
}

/** Keeps it as long as the process lives. */
export class MemoryCursorStore implements CursorStore {
  #cursor: string | undefined;

  async load(): Promise<string | undefined> {
    return this.#cursor;
  }

  async save(cursor: string): Promise<void> {
    this.#cursor = cursor;
  }
}

/** Keeps it in a file, which is replaced as a whole: a crash leaves the old one or the new one. */
export class FileCursorStore implements CursorStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async load(): Promise<string | undefined> {
    try {
      return (await readFile(this.#path, "utf8")).trim() || undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") {
        return undefined;
      }
      throw error;
    }
  }

  async save(cursor: string): Promise<void> {
    const written = `${this.#path}.new`;
    await writeFile(written, `${cursor}\n`);
    await rename(written, this.#path);
  }
}
