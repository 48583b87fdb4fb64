/** The user's own files that flags of `spindle exec` name. */

import fs from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../core/errors.ts';
import type { UserFiles } from '../plugins/front-ends/exec/files.ts';

/** Reached directly: who typed the flag may read and write what the user may. */
export const userFiles: UserFiles = {
  read: (path) => named(fs.promises.readFile(path)),
  write: (path, text) => named(fs.promises.writeFile(path, text)),
  check: (path) => named(checkWritable(path)),
};

async function checkWritable(path: string): Promise<void> {
  const there = await fs.promises.stat(path).catch(() => undefined);
  if (there?.isDirectory() === true) throw new Error('expected a file, but it is a folder');
  await fs.promises.access(there === undefined ? dirname(path) : path, fs.constants.W_OK);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  ENOSPC: 'the disk is full',
};

/** Rejects with the reason alone: the flag and the path are named by who asks. */
async function named<T>(action: Promise<T>): Promise<T> {
  try {
    return await action;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new Error(reasons[code] ?? messageOf(error), { cause: error });
  }
}
