/** Bytes by the SHA-256 of their content: one file each, named by the hash. */

import {
  closeSync,
  futimesSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import type { Blobs } from '../../../core/index.ts';
import type { Collector } from './collect.ts';
import { codeOf, storeError } from './failure.ts';
import { makeFolder } from './thread-file.ts';

/** How long a collector takes for one blob, and more. */
const lookMs = 10;

/** Blobs as files in `folder`, 0600. What is there already is not written again, only marked as used now. */
export function fileBlobs(folder: string, collector: Collector): Blobs {
  return {
    put: async (bytes) => {
      const hash = await sha256(bytes);
      const path = join(folder, hash);
      const isThere = statSync(path, { throwIfNoEntry: false })?.size === bytes.length;
      if (isThere && touch(path)) return hash;
      write(folder, hash, bytes);
      collector.wrote(bytes.length);
      return hash;
    },
    get: async (hash) => {
      if (!/^[0-9a-f]{64}$/.test(hash)) return undefined;
      const path = join(folder, hash);
      // One that a collector looks at is back in a moment.
      const bytes = read(path) ?? (await wait(lookMs).then(() => read(path)));
      if (bytes === undefined || (await sha256(bytes)) !== hash) return undefined;
      touch(path);
      return bytes;
    },
  };
}

/** The name of some bytes. */
async function sha256(bytes: Uint8Array): Promise<string> {
  const { hash } = await import('node:crypto');
  return hash('sha256', bytes, 'hex');
}

/** Under another name first, so that a file with a hash for its name is always whole. */
function write(folder: string, hash: string, bytes: Uint8Array): void {
  makeFolder(folder);
  const path = join(folder, hash);
  const part = `${path}.${process.pid}.part`;
  try {
    rmSync(part, { force: true });
    writeFile(part, bytes);
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw storeError(error, 'write', path);
  }
}

function writeFile(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
  } finally {
    closeSync(file);
  }
}

/** Marks it as used now; false when it was being collected. */
function touch(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'r+');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw storeError(error, 'write', path);
  }
  try {
    const now = Date.now() / 1000;
    futimesSync(file, now, now);
  } finally {
    closeSync(file);
  }
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function read(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw storeError(error, 'read', path);
  }
}
