/** Finds instruction files: one effect for each folder, remembered while the turn runs. */

import { dirname, join, relative, sep } from 'node:path';

import { KernelError, messageOf, type Effects, type FileInfo } from '../../../core/index.ts';

/** An instruction file that may be read. */
export interface Found {
  /** As its folder names it, and where that leads. */
  readonly path: string;
  readonly real: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** What this process knows of a thread; the window is the truth, this only saves effects and notices. */
export interface Known {
  /** The top folder for each cwd. */
  readonly tops: Map<string, string>;
  /** Folders looked into since the turn began. */
  readonly looked: Map<string, Looked>;
  readonly contents: Map<string, Found & { readonly content: Uint8Array }>;
  /** What was last given of each path: a redactor may have changed what the window holds. */
  readonly given: Map<string, string>;
  readonly warned: Set<string>;
}

export interface Reading {
  readonly known: Known;
  readonly finder: Finder;
  /** Folders that a link may lead into. */
  readonly inside: readonly string[];
  readonly maxBytes: number;
  /** Files that are there, whether or not they could be shown. */
  readonly present: Set<string>;
}

export interface Finder {
  readonly effects: Effects;
  /** Names in order of preference. */
  readonly names: readonly string[];
  readonly warn: (message: string) => void;
}

/** Whether a path is one of the folders or lies below one. */
export function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some(
    (folder) => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep),
  );
}

/** The folders from `top` down to `folder`, both included; only `folder` when it does not lie below. */
export function chain(top: string, folder: string): readonly string[] {
  if (!isBelow(folder, [top])) return [folder];
  const names = relative(top, folder)
    .split(sep)
    .filter((name) => name !== '');
  return [top, ...names.map((_, index) => join(top, ...names.slice(0, index + 1)))];
}

/** What a folder holds of interest. */
interface Looked {
  /** What could be its instruction file, the preferred first. */
  readonly candidates: readonly (readonly [path: string, entry: FileInfo])[];
  readonly hasGit: boolean;
}

/** The nearest folder from `cwd` upward that holds `.git`; else the first root, when `cwd` lies in it; else `cwd`. */
export async function findTop(
  cwd: string,
  roots: readonly string[],
  of: Pick<Reading, 'known' | 'finder'>,
): Promise<string> {
  if ((await look(cwd, of)).hasGit) return cwd;
  for (let folder = cwd; folder !== dirname(folder);) {
    folder = dirname(folder);
    if (await exists(join(folder, '.git'), of.finder.effects)) return folder;
  }
  const [first] = roots;
  return first !== undefined && isBelow(cwd, [first]) ? first : cwd;
}

/** The instruction files of those of the folders that have one that may be read. Each folder is listed once a turn. */
export async function filesIn(folders: readonly string[], of: Reading): Promise<readonly Found[]> {
  const files = await Promise.all(
    folders.map(async (folder) => {
      for (const [path, entry] of (await look(folder, of)).candidates) {
        const file = await checked(path, entry, of);
        if (file !== undefined) return file;
      }
      return undefined;
    }),
  );
  return files.filter((file) => file !== undefined);
}

async function look(
  folder: string,
  { known, finder }: Pick<Reading, 'known' | 'finder'>,
): Promise<Looked> {
  const before = known.looked.get(folder);
  if (before !== undefined) return before;
  const looked = await lookInto(folder, finder);
  known.looked.set(folder, looked);
  return looked;
}

async function exists(path: string, effects: Effects): Promise<boolean> {
  try {
    await effects.stat(path);
    return true;
  } catch {
    return false;
  }
}

async function lookInto(folder: string, finder: Finder): Promise<Looked> {
  try {
    const entries = await finder.effects.list(folder);
    const byName = new Map(
      entries.filter((entry) => entry.kind !== 'directory').map((entry) => [entry.name, entry]),
    );
    const candidates = finder.names.flatMap((name) => {
      const entry = byName.get(name);
      return entry === undefined ? [] : [[join(folder, name), entry] as const];
    });
    return { candidates, hasGit: entries.some((entry) => entry.name === '.git') };
  } catch (error) {
    if (!isMissing(error))
      finder.warn(`instruction files in ${folder} were left out: ${messageOf(error)}`);
    return { candidates: [], hasGit: false };
  }
}

/** Whether an effect failed because there is nothing. */
export function isMissing(error: unknown): boolean {
  return error instanceof KernelError && error.code === 'not_found';
}

/** A file; or a link to a file, when it stays in the roots. */
async function checked(
  path: string,
  entry: FileInfo,
  { finder, inside }: Reading,
): Promise<Found | undefined> {
  try {
    const info = entry.kind === 'file' ? entry : await finder.effects.stat(path);
    if (info.kind !== 'file') {
      finder.warn(`${path} was left out: expected a file`);
      return undefined;
    }
    if (isBelow(info.path, inside) || isBelow(info.path, await resolved(inside, finder.effects))) {
      return { path, real: info.path, bytes: info.bytes, modifiedMs: info.modifiedMs };
    }
    finder.warn(`${path} was left out: it leads out of the workspace, to ${info.path}`);
  } catch (error) {
    finder.warn(`${path} was left out: ${messageOf(error)}`);
  }
  return undefined;
}

/** The folders themselves may be links. */
async function resolved(inside: readonly string[], effects: Effects): Promise<readonly string[]> {
  return Promise.all(inside.map(async (folder) => (await effects.stat(folder)).path));
}
