/** Writes the audit log: JSON Lines, a file a month, each line with the SHA-256 of the one before it. */

import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { makePrivateFolder } from '../../stores/state-folder.ts';
import { type End, findEnd } from './end.ts';
import { auditVersion, type Head, headName, randomId, sha256 } from './format.ts';
import { tryLock } from './lock.ts';

/** What a line holds beside its place. */
export type Entry = Readonly<{ type: string; at: number; [key: string]: unknown }>;

/** A log in a folder, which several processes may write to. Nothing is made before the first write. */
export class LogWriter {
  readonly #folder: string;
  /** Where the log ended when this process wrote last. */
  #last: End | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Appends, all or nothing. Waits up to `waitMs`, without letting anything else run, while another process writes;
   * gives `false` when it does so still. Throws what the system says.
   */
  append(entries: readonly Entry[], waitMs: number): boolean {
    makePrivateFolder(this.#folder);
    using lock = tryLock(join(this.#folder, 'lock'), waitMs);
    if (lock === undefined) return false;
    const end = this.#isLast() ? this.#last : undefined;
    this.#last = write(this.#folder, end ?? findEnd(this.#folder), entries);
    return true;
  }

  /** Whether nobody else has written since. */
  #isLast(): boolean {
    if (this.#last === undefined) return false;
    const { file = '', bytes, id } = this.#last;
    const now = statSync(join(this.#folder, file), { throwIfNoEntry: false });
    return now?.size === bytes && now.ino === id;
  }
}

function write(folder: string, end: End, entries: readonly Entry[]): End {
  const at = Date.now();
  const month = `${new Date(at).toISOString().slice(0, 7)}.jsonl`;
  const file = end.file !== undefined && end.file > month ? end.file : month;
  const isNew = file !== end.file;
  const begin = { type: 'log', at, version: auditVersion, id: randomId(), continues: end.file };
  const faults = end.faults.map((found) => ({ type: 'fault', at, found }));
  let { n, hash } = end;
  const lines = [...(isNew ? [begin] : []), ...faults, ...entries].map((entry) => {
    const line = JSON.stringify({ n: ++n, ...entry, prev: hash === '' ? undefined : hash });
    hash = sha256(line);
    return `${line}\n`;
  });
  const text = `${end.isTorn && !isNew ? '\n' : ''}${lines.join('')}`;
  const { bytes, id } = appendTo(join(folder, file), text);
  writeHead(join(folder, headName), { file, n, hash });
  return { file, n, hash, bytes, id, isTorn: false, faults: [] };
}

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;

/** What a full disk leaves of a text is taken back. */
function appendTo(path: string, text: string): { readonly bytes: number; readonly id: number } {
  const descriptor = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  const { size, ino: id } = fstatSync(descriptor);
  try {
    const data = Buffer.from(text);
    for (let done = 0; done < data.length;) done += writeSync(descriptor, data, done);
    return { bytes: size + data.length, id };
  } catch (error) {
    ftruncateSync(descriptor, size);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Room for the longest head, so that a shorter one leaves nothing of it. */
const headBytes = 160;

function writeHead(path: string, head: Head): void {
  const descriptor = openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify(head).padEnd(headBytes)}\n`, 0);
  } finally {
    closeSync(descriptor);
  }
}
