/** What the file system refuses, as errors that name the folder and what to do. */

import { dirname } from 'node:path';

import { KernelError, messageOf } from '../../../core/index.ts';

/** The code of a system error (`ENOENT`, say), or an empty text. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** What `act` gives; `undefined` when a file or the folder is not there (any more). */
export function whileThere<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A `store` error about `path`; an error that is a KernelError already is given back. */
export function storeError(error: unknown, doing: string, path: string): KernelError {
  if (error instanceof KernelError) return error;
  const message = `cannot ${doing} ${path} (${messageOf(error)}): ${advice(codeOf(error), dirname(path))}`;
  return new KernelError('store', message, { cause: error });
}

function advice(code: string, folder: string): string {
  if (code === 'ENOSPC' || code === 'EDQUOT') return `make room on the disk that holds ${folder}`;
  if (code === 'EFBIG') return 'raise the limit on the size of files';
  if (code === 'EMFILE' || code === 'ENFILE') return 'raise the limit on open files';
  return `make the folder ${folder} writable, or name another one with SPINDLE_HOME`;
}
