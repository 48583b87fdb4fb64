/** A git repository as far as checkpoints need it: what it tracks, and its contents. It is only read, and never by git. */

import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { type Index, parseIndex } from './index-file.ts';
import { GitObjects } from './objects.ts';

/** What makes git's content of a file differ from that in the work tree. */
const converting = /(?:^|\s)(?:filter=|ident\b|working-tree-encoding=|eol=crlf)/m;
const convertingConfig = /^\s*(?:autocrlf\s*=\s*true|eol\s*=\s*crlf)/im;
const otherNames = /^\s*objectformat\s*=\s*(?!sha1)/im;

export class Repository {
  /** The top of the work tree. */
  readonly root: string;
  readonly objects: GitObjects;
  /** Whether a file that looks clean has the bytes that git has. */
  isPlain = true;
  /** When the index was written. */
  indexMs = 0;
  /** The repository's own folder, where the index is. */
  readonly folder: string;
  readonly #common: string;
  #index: Index | undefined;
  #read = '';

  constructor(root: string, folder: string) {
    this.root = root;
    this.folder = folder;
    this.#common = resolve(folder, textAt(join(folder, 'commondir')).trim());
    this.objects = new GitObjects(join(this.#common, 'objects'));
  }

  /** The tracked files as the index has them now; nothing when there is none, or one that is not understood. */
  index(): Index | undefined {
    const path = join(this.folder, 'index');
    const stats = statSync(path, { throwIfNoEntry: false });
    const stamp = stats === undefined ? 'none' : `${stats.size} ${stats.mtimeMs} ${stats.ino}`;
    if (stamp === this.#read) return this.#index;
    const config = textAt(join(this.#common, 'config'));
    const isKnown = stats !== undefined && !otherNames.test(config);
    this.#index = isKnown ? parseIndex(readFileSync(path)) : undefined;
    this.#read = stamp;
    this.indexMs = stats?.mtimeMs ?? 0;
    this.isPlain = !this.#converts(config);
    return this.#index;
  }

  #converts(config: string): boolean {
    const paths = [...(this.#index?.entries.keys() ?? [])];
    const own = paths.filter(
      (path) => path === '.gitattributes' || path.endsWith('/.gitattributes'),
    );
    const files = [...own, '.gitattributes'].map((path) => join(this.root, path));
    const texts = [...files, join(this.#common, 'info/attributes')].map(textAt);
    const configs = [config, textAt(join(homedir(), '.gitconfig'))];
    return (
      texts.some((text) => converting.test(text)) ||
      configs.some((text) => convertingConfig.test(text))
    );
  }

  /** What is ignored beside what `.gitignore` files say. */
  readonly excluded = () => textAt(join(this.#common, 'info/exclude'));
}

/** The repository whose work tree begins at a folder. */
export function repositoryAt(root: string): Repository | undefined {
  const path = join(root, '.git');
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return new Repository(root, path);
  const link = stats?.isFile() === true ? /^gitdir: (.+)$/m.exec(textAt(path))?.[1] : undefined;
  return link === undefined ? undefined : new Repository(root, resolve(root, link));
}

/** The repository that a folder lies in. */
export function repositoryAround(folder: string): Repository | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const found = repositoryAt(at);
    if (found !== undefined || at === dirname(at)) return found;
  }
}

function textAt(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
