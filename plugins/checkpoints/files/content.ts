/** Contents by their SHA-256: one file each in a folder of its own, for its owner alone. */

import {
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { makePrivateFolder } from '../../stores/state-folder.ts';
import { sha256 } from './spool.ts';

/** A used content is marked so that it is not collected; one that was marked within this time is left as it is. */
const markMs = 600_000;

/** Puts and gets contents. Nothing is made before the first `put`. Both throw what the system says. */
export class Contents {
  readonly #folder: string;
  /** Bytes written by this process. */
  written = 0;

  constructor(directory: string) {
    this.#folder = join(directory, 'contents');
  }

  /** Keeps some bytes and gives their name. */
  put(bytes: Uint8Array): string {
    const hash = sha256(bytes);
    const path = join(this.#folder, hash);
    const known = statSync(path, { throwIfNoEntry: false });
    const now = Date.now();
    if (known?.size !== bytes.length) this.#write(path, bytes);
    else if (now - known.mtimeMs > markMs) utimesSync(path, now / 1000, now / 1000);
    return hash;
  }

  /** Under another name first, so that a file with a hash for its name is always whole. */
  #write(path: string, bytes: Uint8Array): void {
    makePrivateFolder(this.#folder);
    const part = `${path}.${process.pid}.part`;
    try {
      rmSync(part, { force: true });
      const file = openSync(part, 'wx', 0o600);
      try {
        for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
      } finally {
        closeSync(file);
      }
      renameSync(part, path);
      this.written += bytes.length;
    } catch (error) {
      rmSync(part, { force: true });
      throw error;
    }
  }

  /** The bytes, or nothing when they were collected or damaged. */
  get(hash: string): Uint8Array | undefined {
    try {
      const bytes = readFileSync(join(this.#folder, hash));
      return sha256(bytes) === hash ? bytes : undefined;
    } catch {
      return undefined;
    }
  }
}
