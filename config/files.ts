/** Finds and reads configuration files. Nothing here runs code of the folders it reads. */

import { readFileSync, statSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { KernelError, messageOf } from '../core/errors.ts';
import { type ConfigData, isSection } from './key-path.ts';
import { mcpFileName } from './mcp-file.ts';

/** A configuration file that is there. `text` is all of it, for hashing and parsing. */
export interface FoundFile {
  readonly file: string;
  readonly text: string;
}

/** Names in a folder of the user's or the system's, by the name without extension. */
export const userNames = (name: string) => [`${name}.json`, `${name}.yaml`, `${name}.yml`];

/** Names in a folder of a repository. */
const repositoryNames: readonly string[] = [
  '.spindlerc.json',
  '.spindlerc.yaml',
  '.spindlerc.yml',
  'package.json',
];

/** `NAME.json` or `NAME.yaml` in a folder. Throws KernelError `invalid` when both are there. */
export function findUserFile(folder: string, name: string): FoundFile | undefined {
  return onlyOne(userNames(name).flatMap((place) => readIfThere(join(folder, place))));
}

/** A file by its path. */
export function findFile(file: string): FoundFile | undefined {
  return readIfThere(file)[0];
}

/** The configuration of one folder of a repository, if it has any. Throws KernelError `invalid` when it has two. */
export function findRepositoryFile(folder: string): FoundFile | undefined {
  const found = repositoryNames.flatMap((place) => readIfThere(join(folder, place)));
  return onlyOne(found.filter((one) => !isManifest(one.file) || hasOwnKey(one.text)));
}

/** The `.mcp.json` of one folder of a repository. */
export function findMcpFile(folder: string): FoundFile | undefined {
  return readIfThere(join(folder, mcpFileName))[0];
}

/** The folders from a repository's root (where `.git` is) down to `cwd`; without a root, `cwd` alone. */
export function foldersOf(cwd: string): readonly [root: string, ...rest: string[]] {
  const folders: string[] = [];
  for (let at = cwd; ; at = dirname(at)) {
    folders.unshift(at);
    if (exists(join(at, '.git'))) return [at, ...folders.slice(1)];
    if (dirname(at) === at) return [cwd];
  }
}

/** A file's values, without cosmiconfig: JSON only. Throws KernelError `invalid`, and never shows the file's text. */
export function parseJsonFile({ file, text }: FoundFile): ConfigData {
  const data = parseJson(file, text);
  const own = isManifest(file) && isSection(data) ? data['spindle'] : data;
  return checkShape(file, own);
}

/** Whether `parseJsonFile` can read it. */
export function isJson(file: string): boolean {
  return extname(file) === '.json';
}

/** The text as JSON; nothing when there is none. Throws KernelError `invalid` naming the file and the place. */
export function parseJson(file: string, text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notReadable(file, 'JSON', faultOf(text, error));
  }
}

/** What a parser may give: an object, and no `$import`, which would read (and run) other files. */
export function checkShape(file: string, data: unknown): ConfigData {
  if (data === undefined || data === null) return {};
  if (!isSection(data)) {
    const what = Array.isArray(data) ? 'a list' : typeof data;
    throw new KernelError(
      'invalid',
      `${file}: expected an object with keys such as "model", but it holds ${what}`,
    );
  }
  if (Object.hasOwn(data, '$import')) {
    throw new KernelError(
      'invalid',
      `${file}: "$import" is not supported, because it can run code: put the values into this file`,
    );
  }
  return data;
}

/** An error about a file that its parser refuses. */
export function notReadable(file: string, format: string, reason: string): KernelError {
  return new KernelError(
    'invalid',
    `${file}: expected ${format}, but ${reason}: mend the file, or remove it`,
  );
}

/** V8 quotes the text round a token it did not expect, which may hold a key, and leaves out where it is. */
function faultOf(text: string, error: unknown): string {
  const message = messageOf(error);
  if (!message.startsWith(unexpected)) return message;
  // Once a prefix holds the fault, every longer one does.
  let [good, bad] = [0, text.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (hasUnexpectedToken(text.slice(0, middle))) bad = middle;
    else good = middle;
  }
  const lines = text.slice(0, bad).split('\n');
  return `it has a fault at line ${lines.length}, column ${lines.at(-1)?.length}`;
}

const unexpected = 'Unexpected token';

function hasUnexpectedToken(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return messageOf(error).startsWith(unexpected);
  }
}

function isManifest(file: string): boolean {
  return file.endsWith('package.json');
}

function hasOwnKey(text: string): boolean {
  if (!text.includes('"spindle"')) return false;
  try {
    const manifest: unknown = JSON.parse(text);
    return isSection(manifest) && Object.hasOwn(manifest, 'spindle');
  } catch {
    return false; // a broken package.json is npm's to report
  }
}

function onlyOne(found: readonly FoundFile[]): FoundFile | undefined {
  if (found.length > 1) {
    const files = found.map(({ file }) => file).join(' and ');
    throw new KernelError(
      'invalid',
      `expected one configuration file in a folder, but found ${files}: keep one of them`,
    );
  }
  return found[0];
}

function readIfThere(file: string): readonly FoundFile[] {
  // `stat` that does not throw is several times cheaper than a read that fails.
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return [];
  try {
    const text = readFileSync(file, 'utf8');
    return [{ file, text: text.startsWith('\uFEFF') ? text.slice(1) : text }];
  } catch (error) {
    throw new KernelError('invalid', `${file} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
