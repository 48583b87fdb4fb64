/**
 * Folders of skills, sub-agents and commands: the user's own, and `.agents` folders of a repository, in which a file
 * counts as the user trusted it. Looking costs a start a handful of `stat`s where there are none.
 */

import { type Dirent, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { KernelError } from '../core/errors.ts';
import type { Folder } from '../plugins/markdown/sources.ts';
import { sha256 } from './imports.ts';
import type { Paths } from './paths.ts';
import { type Acting, inside } from './trust.ts';

const kinds = ['skills', 'agents', 'commands'] as const;
type Kind = (typeof kinds)[number];

/** What there is. Plain data, handed to the plugins that read it. */
export interface AgentFolders extends Readonly<Record<Kind, readonly Folder[]>> {
  /** What of the repository the user trusts: SHA-256 by path; absent: all of it. */
  readonly trusted?: Readonly<Record<string, string>>;
  /** `.agents` folders with something in them that does not count, and what that is. */
  readonly doubtful: readonly { readonly folder: string; readonly reason: string }[];
}

/** Where nothing is. */
export const noAgentFolders: AgentFolders = { skills: [], agents: [], commands: [], doubtful: [] };

/** What is asked of a repository: its folders from the root down, and what was recorded of it. */
export interface AgentSearch {
  readonly folders: readonly string[];
  readonly paths: Paths;
  /** Everything counts. */
  readonly isTrusted: boolean;
  /** What the user trusted of the repository; asked for only when there is something to judge. */
  readonly acting: () => Acting | undefined;
}

/** Finds them. The user's come first, then the repository's from the working folder up to the root. */
export function findAgentFolders(search: AgentSearch): AgentFolders {
  const { folders, paths, isTrusted, acting } = search;
  const [root = '/'] = folders;
  const own = [join(homedir(), '.agents')].filter(isFolder);
  const found = folders.map((folder) => join(folder, '.agents')).filter(isFolder);
  const theirs = found.filter((folder) => !own.includes(folder)).toReversed();
  const user = kindsIn([paths.config, ...own], 'user');
  const repository = kindsIn(theirs, 'repository');
  const all = Object.fromEntries(
    kinds.map((kind) => [kind, [...user[kind], ...repository[kind]]]),
  ) as unknown as Record<Kind, readonly Folder[]>; // one for each kind
  if (isTrusted || theirs.length === 0) return { ...all, doubtful: [] };
  return { ...all, ...judge(theirs, root, acting()) };
}

function kindsIn(parents: readonly string[], by: Folder['by']): Record<Kind, readonly Folder[]> {
  const inKind = (kind: Kind) =>
    parents
      .map((parent) => ({ path: join(parent, kind), by }))
      .filter(({ path }) => isFolder(path));
  return { skills: inKind('skills'), agents: inKind('agents'), commands: inKind('commands') };
}

/** Of each `.agents` folder, what the user trusts as it is now. */
function judge(folders: readonly string[], root: string, acting: Acting | undefined) {
  const trusted: Record<string, string> = {};
  const doubtful = folders.flatMap((folder) => {
    const now = hashesOrFault(folder);
    if (typeof now === 'string') return [{ folder, reason: now }];
    if (now.size === 0) return [];
    const before = acting?.[inside(root, folder)];
    if (before === undefined) return [{ folder, reason: 'is not trusted' }];
    const strange = [...now].filter(([path, hash]) => before[inside(root, path)] !== hash);
    const gone = Object.keys(before)
      .map((path) => join(root, path))
      .filter((path) => !now.has(path));
    const present = new Set([...now.keys()].map((path) => unitOf(folder, path)));
    const changed = [...strange.map(([path]) => path), ...gone].map((path) => unitOf(folder, path));
    const units = new Set(changed.filter((unit) => present.has(unit)));
    for (const [path, hash] of now) if (!units.has(unitOf(folder, path))) trusted[path] = hash;
    if (units.size === 0) return [];
    const names = [...units].map((unit) => inside(root, unit)).slice(0, 5);
    const more = units.size > names.length ? ` and ${units.size - names.length} more` : '';
    return [{ folder, reason: `has changed since it was trusted (${names.join(', ')}${more})` }];
  });
  return { trusted, doubtful };
}

function hashesOrFault(folder: string): ReadonlyMap<string, string> | string {
  try {
    return agentHashes(folder);
  } catch (error) {
    if (error instanceof KernelError) return error.message.slice(folder.length + 2);
    throw error;
  }
}

/** What counts as one: a skill with all its files; of agents and commands each file. */
function unitOf(folder: string, path: string): string {
  const [kind = '', name = ''] = path.slice(folder.length + 1).split('/');
  return kind === 'skills' ? join(folder, kind, name) : path;
}

const maxFiles = 2000;
const maxDepth = 8;
const maxBytes = 32 * 1024 * 1024;

/**
 * The SHA-256 of what acts in an `.agents` folder, by path: all files of its skills, agents and commands; links are
 * followed. Throws KernelError `invalid` when it is too much to look at.
 */
function agentHashes(folder: string): ReadonlyMap<string, string> {
  const hashes = new Map<string, string>();
  let bytes = 0;
  const walk = (path: string, depth: number) => {
    const stats = statOf(path);
    if (stats?.isDirectory() === true && depth < maxDepth) {
      for (const { name } of entriesOf(path))
        if (name !== '.git') walk(join(path, name), depth + 1);
    }
    if (stats?.isFile() !== true) return;
    bytes += stats.size;
    if (hashes.size >= maxFiles || bytes > maxBytes)
      throw new KernelError(
        'invalid',
        `${folder}: expected at most ${maxFiles} files and ${maxBytes} bytes`,
      );
    hashes.set(path, sha256(readFileSync(path)));
  };
  for (const kind of kinds) walk(join(folder, kind), 0);
  return hashes;
}

function entriesOf(path: string): readonly Dirent[] {
  return readdirSync(path, { withFileTypes: true });
}

/** The user's skills as tools and commands may read them: their folders, and where links in them lead. */
export function readableSkills({ skills }: AgentFolders): readonly string[] {
  const own = skills.filter(({ by }) => by === 'user').map(({ path }) => path);
  const linked = own.flatMap((path) =>
    entriesOf(path)
      .filter((entry) => entry.isSymbolicLink() && isFolder(join(path, entry.name)))
      .map(({ name }) => join(path, name)),
  );
  return [...new Set([...own, ...linked].map((path) => realpathSync(path)))];
}

function isFolder(path: string): boolean {
  return statOf(path)?.isDirectory() ?? false;
}

/** What a path leads to; nothing when it leads nowhere, or in a circle. */
function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** What `spindle trust` records of `.agents` folders. */
export function actingInAgents(root: string, folders: readonly string[]): Acting {
  const found = folders.map((folder) => join(folder, '.agents')).filter(isFolder);
  const entries = found.map((folder) => {
    const hashes = [...agentHashes(folder)].map(
      ([path, hash]) => [inside(root, path), hash] as const,
    );
    return [inside(root, folder), Object.fromEntries(hashes)] as const;
  });
  return Object.fromEntries(entries.filter(([, hashes]) => Object.keys(hashes).length > 0));
}
