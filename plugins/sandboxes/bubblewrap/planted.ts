/**
 * Repositories below a workspace that its index names: `git status` runs git in each of them, and so whatever their
 * configuration says. Known ones are held while commands run. A command can make a new one anywhere, which no mount
 * prevents, so what it has planted is set aside when it ends.
 */

import { chmodSync, renameSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { KernelError } from '../../../core/index.ts';
import { contentOf } from './content.ts';
import { settingsIn } from './git-config.ts';
import { kindAt } from './held.ts';
import { type Hash, type IndexFile, readIndex } from './index-file.ts';

/** So many repositories are looked into in one workspace. */
const most = 1000;
/** What is set aside gets this at the end of its name. */
const suffix = '.set-aside';

/** What git would act on below a folder, by paths that are byte for byte (latin1): names need not be UTF-8. */
export interface Acting {
  /** `.git` of each repository that an index names. */
  readonly repositories: ReadonlySet<string>;
  /** What stands in the place of an index and is none: what git makes of it is not certain. */
  readonly strange: ReadonlySet<string>;
}

/** Something that was set aside; without a place it could not be. */
export interface Aside {
  readonly path: string;
  readonly place?: string;
}

/** Remembers of each index what it named, by its time and size. */
export class Planted {
  readonly #indexes = new Map<
    string,
    { readonly stamp: string; readonly paths: readonly string[] }
  >();

  /** Folders in which a folder's repository says that there are others, and those that they name in turn. */
  linked(root: string): readonly string[] {
    return [...this.acting(root).repositories].map((git) => {
      const path = textOf(git);
      if (bytesOf(path) === git) return dirname(path);
      throw new KernelError(
        'sandbox',
        `expected repositories in folders whose names are UTF-8, as others cannot be held, but found ${path}: rename it, or use --sandbox read-only`,
      );
    });
  }

  /** What git would act on at the moment. */
  acting(root: string): Acting {
    const repositories = new Set<string>();
    const strange = new Set<string>();
    const waiting = [bytesOf(root)];
    for (let at = waiting.pop(); at !== undefined && repositories.size < most; at = waiting.pop()) {
      const { index, paths } = this.#named(at);
      if (paths === undefined) strange.add(index);
      for (const folder of paths ?? []) {
        const git = join(folder, '.git');
        if (repositories.has(git) || kindAt(fileAt(git)) === 'nothing') continue;
        repositories.add(git);
        waiting.push(folder);
      }
    }
    return { repositories, strange };
  }

  #named(folder: string): { readonly index: string; readonly paths?: readonly string[] } {
    const git = folderOfGit(folder);
    const index = join(git, 'index');
    const stamp = stampOf(fileAt(index));
    if (stamp === undefined) return { index, paths: [] };
    const known = this.#indexes.get(index);
    if (known?.stamp === stamp) return { index, paths: known.paths };
    const named = namedIn(git);
    if (named === undefined) return { index };
    const paths = named.gitlinks.map((path) => resolve(folder, path));
    // What it is the difference to may change without it.
    if (named.bases.length === 0) this.#indexes.set(index, { stamp, paths });
    return { index, paths };
  }

  /** Sets aside what was not there before. */
  setAside(root: string, before: Acting): readonly Aside[] {
    const { repositories, strange } = this.acting(root);
    const planted = [
      ...[...repositories].filter((git) => !before.repositories.has(git)),
      ...[...strange].filter((index) => !before.strange.has(index)),
    ];
    return planted.map((path) => moved(path)).filter((one) => one !== undefined);
  }
}

function bytesOf(path: string): string {
  return Buffer.from(path).toString('latin1');
}

function fileAt(bytes: string): Buffer {
  return Buffer.from(bytes, 'latin1');
}

function textOf(bytes: string): string {
  return fileAt(bytes).toString();
}

function folderOfGit(root: string): string {
  const git = join(root, '.git');
  if (kindAt(fileAt(git)) !== 'file') return git;
  const text = contentOf(fileAt(git))?.toString('latin1') ?? '';
  const [, path = ''] = /^gitdir: (.+)$/m.exec(text) ?? [];
  return resolve(root, path);
}

/** What the index of git's folder names; `undefined` when there is something else in its place. */
function namedIn(git: string): IndexFile | undefined {
  const isLong = settingsIn(fileAt(join(git, 'config'))).some(
    ({ name, value }) => name === 'extensions.objectformat' && value === 'sha256',
  );
  const hash: Hash = isLong ? 'sha256' : 'sha1';
  const read = (file: string, isWhole: boolean) => {
    const content = contentOf(fileAt(join(git, file)));
    return content && readIndex(content, hash, isWhole);
  };
  const own = read('index', false);
  if (own === undefined || own.bases.length === 0) return own;
  // An entry without a name stands for one of the base, whichever that is.
  const isReplacing = own.gitlinks.includes('');
  const bases = own.bases.map((file) => read(file, isReplacing));
  const gitlinks = [own, ...bases].flatMap((one) => [
    ...(one?.gitlinks.filter((path) => path !== '') ?? []),
    ...(one?.paths ?? []),
  ]);
  return { ...own, gitlinks };
}

function stampOf(file: Buffer): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true });
  return found && [found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ');
}

/** Moves it to another name in its folder, also where a command has taken that name, or locked the folder. */
function moved(from: string): Aside | undefined {
  const plain = `${from}${suffix}`;
  const isFree = kindAt(fileAt(plain)) === 'nothing';
  const to = isFree ? plain : `${plain}-${process.getBuiltinModule('node:crypto').randomUUID()}`;
  const path = textOf(from);
  try {
    renameInside(fileAt(from), fileAt(to), fileAt(dirname(from)));
    return { path, place: textOf(to) };
  } catch {
    return kindAt(fileAt(from)) === 'nothing' ? undefined : { path };
  }
}

function renameInside(from: Buffer, to: Buffer, folder: Buffer): void {
  try {
    renameSync(from, to);
  } catch {
    chmodSync(folder, statSync(folder).mode | 0o300);
    renameSync(from, to);
  }
}
