/** Which repositories may act. Kept with the user, by real path and by the content of what acts. */

import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { sha256 } from './imports.ts';
import { isSection } from './key-path.ts';
import {
  type PathRecords,
  readPathRecords,
  type RecordFile,
  writePathRecords,
} from './path-records.ts';

/**
 * A configuration file of a repository and everything it makes act: SHA-256 by path. Paths are relative to the
 * repository's root where they lie in it.
 */
export type Acting = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What the user trusts: repositories by their real path. */
export type TrustRecords = PathRecords<Acting>;

const trustFile: RecordFile<Acting> = {
  isRecord: isActing,
  advice: 'nothing counts as trusted until you mend it, or move it away and trust again',
};

/** Whether a repository's configuration counts, and if not, what speaks against it. */
export type TrustVerdict =
  | { readonly trusted: true; readonly hashes: ReadonlyMap<string, string> }
  | { readonly trusted: false; readonly reason: string };

/** What is in the trust file; nothing when there is none. Throws KernelError `invalid` when it is damaged. */
export function readTrust(file: string): TrustRecords {
  return readPathRecords(file, trustFile);
}

/** Records what acts in a repository, beside what was recorded of its other configuration files. */
export function addTrust(file: string, root: string, acting: Acting): void {
  const records = readTrust(file);
  writePathRecords(file, { ...records, [root]: { ...records[root], ...acting } });
}

/** Forgets a repository; tells whether there was anything to forget. */
export function revokeTrust(file: string, root: string): boolean {
  const { [root]: old, ...others } = readTrust(file);
  if (old !== undefined) writePathRecords(file, others);
  return old !== undefined;
}

/**
 * Whether everything that the given configuration files make act is what the user trusted. `files` are absolute; the
 * hashes of what may act come back by absolute path.
 */
export function checkTrust(
  records: TrustRecords,
  root: string,
  files: readonly { readonly file: string; readonly text: string }[],
): TrustVerdict {
  const acting = actingFor(records, root);
  if (acting === undefined) return { trusted: false, reason: 'is not trusted' };
  const hashes = new Map<string, string>();
  const changes = files.flatMap(({ file, text }) => {
    const entry = acting[inside(root, file)];
    if (entry === undefined) return [`${inside(root, file)} is new`];
    return Object.entries(entry).flatMap(([path, hash]) => {
      const absolute = isAbsolute(path) ? path : join(root, path);
      hashes.set(absolute, hash);
      return changeOf({ path, absolute }, hash, absolute === file ? text : undefined);
    });
  });
  if (changes.length === 0) return { trusted: true, hashes };
  return { trusted: false, reason: `has changed since it was trusted (${changes.join(', ')})` };
}

/** What was recorded of a repository; a linked worktree has what its main one has. */
export function actingFor(records: TrustRecords, root: string): Acting | undefined {
  return records[root] ?? records[mainWorktree(root) ?? ''];
}

/** How a file differs from what was trusted, if it does; `text` is its content where that was read already. */
function changeOf(
  { path, absolute }: { readonly path: string; readonly absolute: string },
  trusted: string,
  text: string | undefined,
): readonly string[] {
  if ((text === undefined ? hashOf(absolute) : sha256(text)) === trusted) return [];
  return [`${path} ${existsSync(absolute) ? 'has changed' : 'is gone'}`];
}

/** What acts through one configuration file, as it is recorded. */
export function actingOf(root: string, file: string, hashes: ReadonlyMap<string, string>): Acting {
  const entries = [...hashes].map(([path, hash]) => [inside(root, path), hash] as const);
  return { [inside(root, file)]: Object.fromEntries(entries) };
}

/** A file that acts and was not trusted as it is. `old`: the hash that was. */
export interface Difference {
  readonly path: string;
  readonly old?: string | undefined;
}

/** What differs between two records of one repository. */
export function differences(before: Acting | undefined, after: Acting): readonly Difference[] {
  const flat = (acting: Acting) => new Map(Object.values(acting).flatMap(Object.entries<string>));
  const [old, now] = [flat(before ?? {}), flat(after)];
  return [...now].flatMap(([path, hash]) => {
    if (old.get(path) === hash) return [];
    return [{ path, old: old.get(path) }];
  });
}

/**
 * The main worktree of a linked one, when both name each other: a `.git` file alone could claim to belong to any
 * repository.
 */
function mainWorktree(root: string): string | undefined {
  const link = join(root, '.git');
  const folder = /^gitdir: (.+)\/\.git\/worktrees\/([^/]+)$/.exec(readText(link)?.trim() ?? '');
  const [, main, name] = folder ?? [];
  if (main === undefined || name === undefined) return undefined;
  const back = readText(join(main, '.git', 'worktrees', name, 'gitdir'));
  return back?.trim() === link ? main : undefined;
}

/** A path relative to a repository's root where it lies in it. */
export function inside(root: string, path: string): string {
  const short = relative(root, path);
  return short.startsWith('..') || isAbsolute(short) ? path : short;
}

function hashOf(path: string): string | undefined {
  try {
    return sha256(readFileSync(path));
  } catch {
    return undefined; // what cannot be read is not what was trusted
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // a folder, or not there
  }
}

function isActing(data: unknown): data is Acting {
  return isSection(data) && Object.values(data).every(isHashes);
}

function isHashes(data: unknown): boolean {
  return isSection(data) && Object.values(data).every((hash) => typeof hash === 'string');
}
