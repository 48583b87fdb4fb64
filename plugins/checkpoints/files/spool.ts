/** Copies made in case they are needed: one file for all, that has no name and so is gone with the process. */

import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { makePrivateFolder } from '../../stores/state-folder.ts';

/** Where a copy is, and what it is a copy of. */
export type Copy = Readonly<{ offset: number; bytes: number; hash: string }>;

/** One writer, one file, made with the first copy. Disposing frees it. */
export class Spool implements Disposable {
  readonly #folder: string;
  #file: number | undefined;
  #end = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Bytes that it takes on the disk. */
  get bytes(): number {
    return this.#end;
  }

  /** Keeps some bytes. Throws what the system says. */
  put(bytes: Uint8Array): Copy {
    const file = (this.#file ??= openNameless(this.#folder));
    const offset = this.#end;
    for (let done = 0; done < bytes.length;)
      done += writeSync(file, bytes, done, bytes.length - done, offset + done);
    this.#end += bytes.length;
    return { offset, bytes: bytes.length, hash: sha256(bytes) };
  }

  get({ offset, bytes }: Copy): Uint8Array {
    const buffer = Buffer.alloc(bytes);
    if (this.#file !== undefined) readSync(this.#file, buffer, 0, bytes, offset);
    return buffer;
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#end = 0;
  }
}

/** The name of some bytes. */
export function sha256(bytes: Uint8Array): string {
  return process.getBuiltinModule('node:crypto').hash('sha256', bytes, 'hex');
}

function openNameless(folder: string): number {
  makePrivateFolder(folder);
  const path = join(folder, `spool.${process.pid}`);
  rmSync(path, { force: true });
  const file = openSync(path, 'wx+', 0o600);
  rmSync(path, { force: true });
  return file;
}
