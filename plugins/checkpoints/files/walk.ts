/** All files of a folder that checkpoints are about, as they look now. */

import { type Dirent, readdirSync, type Stats } from 'node:fs';
import { dirname, relative } from 'node:path';

import { gitlinkMode, type Index } from '../git/index-file.ts';
import { type Repository, repositoryAt, repositoryAround } from '../git/repository.ts';
import { guardedName } from '../../policies/rules/places.ts';
import type { Gap } from '../record.ts';
import { IgnoreFiles, isIgnored, isSameChain, type RuleChain } from './ignores.ts';
import { isRecent, statsAt } from './look-at.ts';

/** What was found, by path. */
export interface Walked {
  readonly found: ReadonlyMap<string, Found>;
  /** What was left out. */
  readonly gaps: readonly Gap[];
  /** There is more than the limit, so what was found is not all. */
  readonly isCut: boolean;
}
/** `repository` is the one that a file lies in. */
export type Found = Readonly<{ stats: Stats; repository: Repository | undefined }>;

export interface WalkOptions {
  readonly maxFiles: number;
  /** A folder that is left out: where checkpoints themselves are kept. */
  readonly own: string;
}

/** Left out where no git says what is ignored: what package managers and tools make. */
const madeByTools = new Set(
  'node_modules .venv venv __pycache__ .tox .mypy_cache .pytest_cache .ruff_cache .gradle'.split(
    ' ',
  ),
);
const maxGaps = 50;

/** Where a folder is: in which repository, under which rules. */
interface Place {
  readonly repository: Repository | undefined;
  readonly index: Index | undefined;
  readonly rules: RuleChain;
}

/** What a folder holds, as long as it and its place stay the same. */
interface Listing {
  readonly place: Place;
  readonly changedMs: number;
  readonly files: readonly string[];
  readonly folders: readonly string[];
  readonly gaps: readonly Gap[];
}

/** Walks one folder again and again, and remembers what cannot have changed. */
export class Walker {
  readonly #root: string;
  readonly #options: WalkOptions;
  readonly #ignores = new IgnoreFiles();
  readonly #repositories = new Map<string, Repository | undefined>();
  readonly #listings = new Map<string, Listing>();
  #found = new Map<string, Found>();
  #gaps: Gap[] = [];
  /** All that was left out in this walk, and in the one before. */
  #left = new Set<string>();
  #leftBefore = new Set<string>();
  #startedMs = 0;

  /** `root` is a real path; links in it are not followed. */
  constructor(root: string, options: WalkOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** Before the first walk. */
  readonly load = () => this.#ignores.load();

  walk(): Walked {
    [this.#found, this.#gaps, this.#startedMs] = [new Map(), [], Date.now()];
    [this.#left, this.#leftBefore] = [new Set(), this.#left];
    const stats = statsAt(this.#root);
    const around = this.#repository(this.#root, repositoryAround);
    const rules = around === undefined ? [] : this.#rulesAbove(this.#root, around);
    if (stats !== undefined) this.#enter(this.#root, stats, { ...placeIn(around), rules });
    const isCut = this.#found.size > this.#options.maxFiles;
    return { found: this.#found, gaps: this.#gaps, isCut };
  }

  /** Whether the walk before left a path out, or a folder that it lies in: it may have been there. */
  wasLeftOut(path: string): boolean {
    for (let at = path; at.length > this.#root.length; at = dirname(at))
      if (this.#leftBefore.has(at)) return true;
    return false;
  }

  #repository(folder: string, find: (folder: string) => Repository | undefined) {
    if (!this.#repositories.has(folder)) this.#repositories.set(folder, find(folder));
    return this.#repositories.get(folder);
  }

  /** The rules of a repository's top, and of the folders from there down to one. */
  #rulesAbove(folder: string, repository: Repository): RuleChain {
    const name = `${repository.folder}/info/exclude`;
    const excluded = { name, text: repository.excluded() };
    let chain = this.#ignores.withText([], repository.root, excluded);
    let at = repository.root;
    for (const next of relative(repository.root, folder).split('/').filter(Boolean)) {
      chain = this.#ignores.added(chain, at);
      at = `${at}/${next}`;
    }
    return chain;
  }

  /** Sandboxes hold names that act later by empty folders, as long as a command runs and a little longer. */
  #enterPlain(path: string, stats: Stats, place: Place): void {
    const before = this.#found.size;
    this.#enter(path, stats, place);
    const isEmpty = this.#found.size === before;
    if (isEmpty && guardedName(path, [this.#root]) !== undefined) this.#found.delete(path);
  }

  #enter(folder: string, stats: Stats, given: Place): void {
    const { files, folders, gaps, place } = this.#list(folder, stats, given);
    for (const gap of gaps) this.#leave(gap);
    for (const path of files) this.#seeFile(path, place);
    for (const path of folders) {
      if (this.#found.size > this.#options.maxFiles) return;
      this.#seeFolder(path, place);
    }
  }

  #leave(gap: Gap): void {
    this.#left.add(gap.path);
    if (this.#gaps.length < maxGaps) this.#gaps.push(gap);
  }

  #list(folder: string, stats: Stats, given: Place): Listing {
    const changedMs = Math.max(stats.mtimeMs, stats.ctimeMs);
    const known = this.#listings.get(folder);
    const hasRules = known?.files.includes(`${folder}/.gitignore`) === true;
    const place = hasRules ? this.#under(given, folder) : given;
    if (known?.changedMs === changedMs && isSamePlace(known.place, place)) return known;
    const listing = this.#read(folder, changedMs, given);
    if (isRecent(stats, this.#startedMs)) this.#listings.delete(folder);
    else this.#listings.set(folder, listing);
    return listing;
  }

  #under(place: Place, folder: string): Place {
    return { ...place, rules: this.#ignores.added(place.rules, folder) };
  }

  #read(folder: string, changedMs: number, given: Place): Listing {
    const entries = entriesOf(folder);
    const hasRules = entries.some(({ name }) => name === '.gitignore');
    const place = hasRules ? this.#under(given, folder) : given;
    const [files, folders, gaps]: [string[], string[], Gap[]] = [[], [], []];
    for (const entry of entries) {
      const path = `${folder}/${entry.name}`;
      const isFolder = entry.isDirectory();
      if (entry.name === '.git' || path === this.#options.own) continue;
      const why = reasonToLeave(entry.name, isFolder ? `${path}/` : path, place);
      if (why !== undefined) gaps.push({ path, why });
      else if (isFolder) folders.push(path);
      else if (entry.isFile() || entry.isSymbolicLink()) files.push(path);
    }
    return { place, changedMs, files, folders, gaps };
  }

  #seeFile(path: string, { repository }: Place): void {
    const stats = statsAt(path);
    if (stats !== undefined) this.#found.set(path, { stats, repository });
  }

  #seeFolder(path: string, place: Place): void {
    const stats = statsAt(path);
    if (stats === undefined) return;
    const inner = statsAt(`${path}/.git`) && repositoryAt(path);
    if (inner !== undefined && place.repository !== undefined) {
      this.#leave({ path, why: 'it is a repository of its own' });
      return;
    }
    this.#found.set(path, { stats, repository: undefined });
    if (inner === undefined) return this.#enterPlain(path, stats, place);
    const own = this.#repository(path, () => inner);
    const rules = [...place.rules, ...this.#rulesAbove(path, own ?? inner)];
    this.#enter(path, stats, { ...placeIn(own), rules });
  }
}

const placeIn = (repository: Repository | undefined) => ({
  repository,
  index: repository?.index(),
});

function isSamePlace(one: Place, other: Place): boolean {
  return one.index === other.index && isSameChain(one.rules, other.rules);
}

/** Why something is not covered. A folder's path ends with a slash. */
function reasonToLeave(name: string, path: string, place: Place): string | undefined {
  const { repository, rules } = place;
  const tracked = trackedAs(path, place);
  if (tracked === 'submodule') return 'it is a submodule';
  if (tracked === 'yes') return undefined;
  if (repository === undefined && madeByTools.has(name)) return 'tools make it';
  return rules.length > 0 && isIgnored(path, rules) ? 'git ignores it' : undefined;
}

/** Whether git has a file, or something in a folder. */
function trackedAs(path: string, { repository, index }: Place): 'yes' | 'no' | 'submodule' {
  if (repository === undefined || index === undefined) return 'no';
  const below = path.slice(repository.root.length + 1).replace(/\/$/, '');
  const tracked = index.entries.get(below);
  if (tracked?.mode === gitlinkMode) return 'submodule';
  return tracked !== undefined || index.folders.has(below) ? 'yes' : 'no';
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // it is gone, or may not be read
  }
}
