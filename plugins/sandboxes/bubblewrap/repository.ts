/**
 * Git repositories in a workspace: commits work, but nothing that git would run later can be planted. What acts is the
 * configuration and the hooks, and whatever makes git look for them elsewhere.
 */

import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';

import { contentOf } from './content.ts';
import { type Setting, settingsIn } from './git-config.ts';
import {
  type Entries,
  entriesOf,
  hold,
  holdBelow,
  keepWay,
  kindAt,
  linkError,
  vacant,
} from './held.ts';
import { isBelow, laid, type Layout, together } from './places.ts';

/** What of git's own folder acts, or leads elsewhere. */
const files = ['config', 'config.worktree', 'commondir', 'gitdir'];
const folders = ['hooks', 'info', 'modules', 'worktrees'];
/** What a commit in one of several worktrees writes of the folder they share. */
const shared = ['objects', 'refs', 'logs', 'reftable', 'rr-cache', 'lfs'];

/** The repository of a folder that commands work in, of a root or below it; where there is none, none can be made. */
export function holdRepository(folder: string, entries: Entries, root: string = folder): Layout {
  const git = join(folder, '.git');
  const kind = entries.get('.git') ?? 'nothing';
  if (kind === 'link') throw linkError(git);
  if (kind === 'file') return together([hold(git, kind), holdLinked(folder, git, root)]);
  const inside = entriesOf(git);
  if (inside.size === 0) return together([hold(git, kind), holdBare(folder, entries)]);
  return together([holdGitFolder(git, folder, inside), sweep(folder, entries, 'HEAD')]);
}

/** Where repositories below a root may be: around `cwd`, and as the root's own says. */
interface Nested {
  readonly cwd: string;
  readonly entries: Entries;
  readonly linked?: readonly string[] | undefined;
}

/** Repositories below a root: those around `cwd` can be committed to, the others only read. */
export function holdNested(root: string, { cwd, entries, linked = [] }: Nested): Layout {
  const children = [...entries.keys()].filter((name) => entries.get(name) === 'folder');
  const found = [
    ...children.filter((name) => name !== '.git').map((name) => join(root, name)),
    ...(entries.has('.gitmodules') ? submodules(root) : []),
    ...linked.filter((folder) => folder !== root && isBelow(folder, root)),
    ...ancestors(root, cwd),
  ];
  const repositories = [...new Set(found)].filter(
    (folder) => kindAt(join(folder, '.git')) !== 'nothing',
  );
  return together(
    repositories.map((folder) => {
      const git = join(folder, '.git');
      const own = isBelow(cwd, folder)
        ? holdRepository(folder, entriesOf(folder), root)
        : hold(git);
      return together([keepWay(root, git), own]);
    }),
  );
}

/** A file that is not there, and would act, is gone when the command has ended. */
function sweep(folder: string, entries: Entries, name: string): Layout {
  return { places: [], cleanup: entries.has(name) ? [] : [join(folder, name)] };
}

/** A folder without `.git` may be git's own, as servers have it, or be made to look like it. */
function holdBare(folder: string, entries: Entries): Layout {
  const isGit = ['HEAD', 'objects', 'config'].every((name) => entries.has(name));
  return isGit ? holdGitFolder(folder, folder, entries) : sweep(folder, entries, 'HEAD');
}

/** Git's own folder. One that is not as git makes it can only be read. */
function holdGitFolder(git: string, workTree: string, entries: Entries): Layout {
  const settings = settingsIn(join(git, 'config'));
  if (isStrange(entries, settings)) return laid({ path: git, as: 'read' });
  const held = folders.filter((name) => name !== 'worktrees' || entries.has(name));
  return together([
    laid({ path: git, as: 'write' }),
    ...files.filter((name) => entries.has(name)).map((name) => hold(join(git, name), 'file')),
    ...held.map((name) => holdFolder(join(git, name), entries.has(name))),
    sweep(git, entries, 'commondir'),
    ...namedPaths(settings, git, workTree),
  ]);
}

/** Hiding a folder costs less than holding it, and is the same where it has only what git puts there as examples. */
function holdFolder(folder: string, isThere: boolean): Layout {
  const entries = isThere ? [...entriesOf(folder).keys()] : [];
  const isIdle = entries.length > 0 && isExample(folder, entries);
  return isIdle ? laid(vacant(folder)) : hold(folder, isThere ? 'folder' : 'nothing');
}

function isExample(folder: string, entries: readonly string[]): boolean {
  if (basename(folder) === 'hooks') return entries.every((one) => one.endsWith('.sample'));
  const excluded = entries.join() === 'exclude' ? textOf(join(folder, 'exclude')) : undefined;
  return excluded !== undefined && !/^[^#\n]/m.test(excluded);
}

/** Links in the place of what acts, no configuration, or one whose second half is missing. */
function isStrange(entries: Entries, settings: readonly Setting[]): boolean {
  return (
    files.some((name) => (entries.get(name) ?? 'file') !== 'file') ||
    folders.some((name) => (entries.get(name) ?? 'folder') !== 'folder') ||
    !entries.has('config') ||
    (isHalved(settings) && !entries.has('config.worktree'))
  );
}

/** Whether each worktree has a second half of the configuration. */
function isHalved(settings: readonly Setting[]): boolean {
  return settings.some(
    ({ name, value }) => name === 'extensions.worktreeconfig' && value !== 'false',
  );
}

/** Hooks and further configuration that a configuration names, where they lie in the workspace. */
function namedPaths(
  settings: readonly Setting[],
  git: string,
  workTree: string,
): readonly Layout[] {
  const isInside = (path: string) =>
    path !== workTree && isBelow(path, workTree) && !isBelow(path, git);
  const named = (pattern: RegExp, from: string) =>
    settings
      .filter(({ name }) => pattern.test(name))
      .map(({ value }) => resolve(from, value))
      .filter(isInside);
  const includes = named(/^include(if\..*)?\.path$/, git);
  return [
    ...named(/^core\.hookspath$/, workTree).map((path) => holdBelow(workTree, path)),
    // Git stops at a folder in the place of a file that it includes.
    ...includes.map((path) =>
      kindAt(path) === 'nothing' ? { places: [], cleanup: [path] } : holdBelow(workTree, path),
    ),
  ];
}

/** Where `.git` is a file: git's own folder is that of a worktree or a submodule, if it says so too, or lies below. */
function holdLinked(folder: string, file: string, root: string): Layout {
  const git = targetOf(file);
  if (git === undefined) return laid();
  const common = real(resolve(git, textOf(join(git, 'commondir')) ?? '.'));
  const isWorktree =
    dirname(git) === join(common, 'worktrees') &&
    real(resolve(git, textOf(join(git, 'gitdir')) ?? '.')) === file;
  if (isWorktree)
    return together([
      isBelow(common, root) ? laid() : openCommon(common),
      holdWorktree(git, common),
    ]);
  const workTree = settingsIn(join(git, 'config')).find(({ name }) => name === 'core.worktree');
  const isSubmodule =
    git.includes(`${sep}modules${sep}`) && real(resolve(git, workTree?.value ?? '.')) === folder;
  if (isSubmodule) return holdGitFolder(git, folder, entriesOf(git));
  if (!isBelow(git, folder)) return laid();
  return together([keepWay(folder, git), holdGitFolder(git, folder, entriesOf(git))]);
}

/** Of the folder that worktrees share, only what a commit writes can be written. In the root, it is held as it is. */
function openCommon(common: string): Layout {
  const written = shared.map((name) => join(common, name));
  const there = written.filter((path) => kindAt(path) === 'folder');
  return laid(
    { path: common, as: 'read' },
    ...there.map((path) => ({ path, as: 'write' as const })),
  );
}

/** A worktree's own part of it. */
function holdWorktree(git: string, common: string): Layout {
  const entries = entriesOf(git);
  const isHalf = isHalved(settingsIn(join(common, 'config'))) && !entries.has('config.worktree');
  return laid(
    { path: git, as: isHalf ? 'read' : 'write' },
    ...files
      .filter((name) => entries.get(name) === 'file')
      .map((name) => ({ path: join(git, name), as: 'read' as const })),
  );
}

function submodules(root: string): readonly string[] {
  const paths = settingsIn(join(root, '.gitmodules')).filter(({ name }) => name.endsWith('.path'));
  const found = paths.map(({ value }) => resolve(root, value));
  return found.filter((folder) => folder !== root && isBelow(folder, root));
}

function ancestors(root: string, cwd: string): readonly string[] {
  const found: string[] = [];
  for (let at = cwd; at !== root && isBelow(at, root); at = dirname(at)) found.push(at);
  return found;
}

function targetOf(file: string): string | undefined {
  const path = /^gitdir: (.+)$/.exec(textOf(file) ?? '')?.[1];
  return path === undefined ? undefined : real(resolve(dirname(file), path));
}

/** Without links; as it is when it leads nowhere. */
function real(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

function textOf(file: string): string | undefined {
  return contentOf(file)?.toString().trimEnd();
}
