/** Which folders the work of a turn has reached, as its calls and results name them. */

import { dirname, isAbsolute, resolve } from 'node:path';

import type { Item } from '../../../core/index.ts';

const pathKeys = new Set(['path', 'paths', 'file', 'files', 'file_path', 'from', 'to']);
const folderKeys = new Set(['cwd', 'workdir', 'dir', 'directory', 'folder']);
const patchHeader = /^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+)$/gm;
const maxDepth = 4;

/** Folders named by the calls and results among `items`, absolute, each once; not all of them need exist. */
export function foldersIn(items: readonly Item[], cwd: string): readonly string[] {
  const folders = new Set<string>();
  for (const item of items) {
    if (item.type === 'result' && item.detail !== undefined) collect(item.detail, { cwd, folders });
    if (item.type !== 'call') continue;
    const args = parse(item.args);
    const own = isObject(args) ? (args['cwd'] ?? args['workdir']) : undefined;
    collect(args, { cwd: typeof own === 'string' ? at(cwd, own) : cwd, folders });
  }
  return [...folders];
}

interface Collected {
  readonly cwd: string;
  readonly folders: Set<string>;
}

function collect(value: unknown, into: Collected, key = '', depth = 0): void {
  if (typeof value === 'string') collectText(value, into, key);
  else if (depth === maxDepth) return;
  else if (Array.isArray(value)) for (const one of value) collect(one, into, key, depth + 1);
  else if (isObject(value)) {
    for (const [name, one] of Object.entries(value)) collect(one, into, name, depth + 1);
  }
}

function collectText(text: string, { cwd, folders }: Collected, key: string): void {
  if (folderKeys.has(key)) folders.add(at(cwd, text));
  else if (key === 'command') for (const folder of inCommand(text)) folders.add(at(cwd, folder));
  else if (pathKeys.has(key))
    for (const folder of [dirname(text), ...asFolder(text)]) folders.add(at(cwd, folder));
  else
    for (const [, path = ''] of text.matchAll(patchHeader))
      folders.add(at(cwd, dirname(path.trim())));
}

/** Words of a command that look like paths. A guess: a folder that is not there is passed over. */
function inCommand(command: string): readonly string[] {
  const words = command.slice(0, 10_000).split(/[\s'"`;|&()<>=,:$]+/);
  return words.flatMap((word, index) => {
    if (words[index - 1] === 'cd' && word !== '') return [word];
    return word.includes('/') && !word.startsWith('-') && !word.includes('*')
      ? [dirname(word), ...asFolder(word)]
      : [];
  });
}

/** A path without an extension may be a folder. */
function asFolder(path: string): readonly string[] {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return last.includes('.') ? [] : [path];
}

function at(cwd: string, path: string): string {
  return isAbsolute(path) ? resolve(path) : resolve(cwd, path);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
