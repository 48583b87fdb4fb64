/**
 * Repositories below a workspace that its index names: `git status` runs git in each of them, and so whatever their
 * configuration says. Known ones are held while commands run. A command can make a new one anywhere, which no mount
 * prevents, so what it has planted is set aside when it ends.
 */

import { readFileSync, renameSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { settingsIn } from './git-config.ts';
import { kindAt } from './held.ts';
import { gitlinksIn } from './index-file.ts';

/** So many repositories are looked for in one workspace. */
const most = 1000;
/** What a set-aside `.git` is called. */
export const asideName = '.git.set-aside';

/** Remembers of each index what it named, by its time and size. */
export class Planted {
  readonly #indexes = new Map<
    string,
    { readonly stamp: string; readonly paths: readonly string[] }
  >();

  /** Folders that a folder's repository says are repositories too, and those that they name in turn. */
  linked(root: string): readonly string[] {
    const all = new Set<string>();
    const waiting = [root];
    for (let at = waiting.pop(); at !== undefined && all.size < most; at = waiting.pop()) {
      for (const folder of this.#named(at)) {
        if (all.has(folder)) continue;
        all.add(folder);
        waiting.push(folder);
      }
    }
    return [...all];
  }

  #named(folder: string): readonly string[] {
    const git = folderOfGit(folder);
    const index = join(git, 'index');
    const stamp = stampOf(index);
    if (stamp === undefined) return [];
    const known = this.#indexes.get(index);
    if (known?.stamp === stamp) return known.paths;
    const paths = read(git).map((path) => resolve(folder, path));
    this.#indexes.set(index, { stamp, paths });
    return paths;
  }

  /** What git would run in at the moment. */
  acting(root: string): ReadonlySet<string> {
    return new Set(
      this.linked(root).filter((folder) => kindAt(join(folder, '.git')) !== 'nothing'),
    );
  }

  /** Sets aside what was not there before; the folders that it was in. */
  setAside(root: string, before: ReadonlySet<string>): readonly string[] {
    const planted = [...this.acting(root)].filter((folder) => !before.has(folder));
    return planted.filter((folder) => moved(join(folder, '.git'), join(folder, asideName)));
  }
}

function folderOfGit(root: string): string {
  const git = join(root, '.git');
  if (kindAt(git) !== 'file') return git;
  const [, path = ''] = /^gitdir: (.+)$/m.exec(textOf(git)) ?? [];
  return resolve(root, path);
}

function read(git: string): readonly string[] {
  const isLong = settingsIn(join(git, 'config')).some(
    ({ name, value }) => name === 'extensions.objectformat' && value === 'sha256',
  );
  try {
    return gitlinksIn(readFileSync(join(git, 'index')), isLong ? 'sha256' : 'sha1');
  } catch {
    return [];
  }
}

function stampOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true });
  return found && [found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ');
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function moved(from: string, to: string): boolean {
  for (let count = 0; count < 100; count++) {
    const place = count === 0 ? to : `${to}-${count}`;
    if (kindAt(place) !== 'nothing') continue;
    try {
      renameSync(from, place);
      return true;
    } catch {
      return false; // it is gone
    }
  }
  return false;
}
