/** Which local files a module file brings with it, by reading its imports without running it. */

import { readFileSync, statSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KernelError, messageOf } from '../core/errors.ts';

/** SHA-256 of a text or of bytes, in hex. */
export function sha256(data: string | Uint8Array): string {
  // Not imported: loading it costs the start several milliseconds, and only trust needs it.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(data).digest('hex');
}

/** More than this is no plugin but a program, and asks for more reading than a start should do. */
const maxFiles = 2000;

const specifiers = [
  /\b(?:from|import|require)\s*\(?\s*(["'`])((?:\.{1,2}\/|\/|file:)[^"'`\n$]*)\1/g,
  /\bnew\s+URL\s*\(\s*(["'`])(\.{1,2}\/[^"'`\n$]*)\1\s*,\s*import\.meta/g,
];

/** Endings tried when a file that is imported has none, as `require` does. */
const endings = [
  '',
  '.js',
  '.cjs',
  '.mjs',
  '.ts',
  '.cts',
  '.mts',
  '.json',
  '/index.js',
  '/index.ts',
];

/**
 * The SHA-256 of each given file and of all local files they import, directly or not, by absolute path. What is
 * imported by a computed name, or from a package, is not followed. Throws KernelError `invalid` for a given file that
 * cannot be read.
 */
export function hashWithImports(files: readonly string[]): ReadonlyMap<string, string> {
  const hashes = new Map<string, string>();
  const waiting = [...files];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (hashes.has(file)) continue;
    if (hashes.size >= maxFiles) {
      throw new KernelError('invalid', `${file}: expected a plugin of at most ${maxFiles} files`);
    }
    const bytes = readOwn(file);
    hashes.set(file, sha256(bytes));
    if (/\.[cm]?[jt]sx?$/.test(file)) waiting.push(...importsOf(file, bytes.toString()));
  }
  return hashes;
}

function importsOf(file: string, source: string): readonly string[] {
  const found = specifiers.flatMap((pattern) => [...source.matchAll(pattern)]);
  return found.flatMap(([, , specifier = '']) => locate(file, specifier));
}

function locate(file: string, specifier: string): readonly string[] {
  const clean = specifier.replace(/[?#].*$/, '');
  const path = clean.startsWith('file:') ? fileURLToPath(clean) : resolve(dirname(file), clean);
  const swapped = extname(path) === '.js' ? [path.replace(/\.js$/, '.ts')] : [];
  const candidates = [...endings.map((ending) => path + ending), ...swapped];
  return candidates.filter((one) => statSync(one, { throwIfNoEntry: false })?.isFile());
}

function readOwn(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new KernelError('invalid', `${file} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
