/** What files in a workspace hold, where commands may have put anything. */

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** Of git's own files none is larger, but an index of some millions of entries. */
const maxBytes = 512 * 1024 * 1024;

/** The content of a file; nothing where there is none, one that is too large, or a pipe, which might never end. */
export function contentOf(path: string | Buffer): Buffer | undefined {
  try {
    using file = opened(path);
    const found = fstatSync(file.descriptor);
    return found.isFile() && found.size <= maxBytes ? readFileSync(file.descriptor) : undefined;
  } catch {
    return undefined;
  }
}

function opened(path: string | Buffer): Disposable & { readonly descriptor: number } {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { descriptor, [Symbol.dispose]: () => closeSync(descriptor) };
}
