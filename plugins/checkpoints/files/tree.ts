/** A folder from look to look: what changed in between, and how what was there before comes back. */

import { type Stats } from 'node:fs';
import { dirname } from 'node:path';

import { looksClean } from '../git/index-file.ts';
import { blobOid } from '../git/objects.ts';
import type { Repository } from '../git/repository.ts';
import { type Change, folder, type Image, isSame, nothing } from '../image.ts';
import type { Gap } from '../record.ts';
import {
  bytesAt,
  imageWithout,
  isInPlace,
  isRecent,
  type Keeping,
  megabytes,
  stampOf,
  statsAt,
} from './look-at.ts';
import { type Copy, Spool } from './spool.ts';
import { type Found, Walker, type WalkOptions } from './walk.ts';

export interface TreeOptions extends Keeping, WalkOptions {
  /** Of files that git does not have, at most so much is copied in one look. */
  readonly maxCopyBytes: number;
}

/** A file that git has: nothing of it was copied. */
type InGit = Readonly<{ kind: 'git'; mode: number; repository: Repository } & Tracked>;
/** `bytes` of the file in the work tree. */
type Tracked = Readonly<{ oid: string; bytes: number }>;
/** A file that was copied, in case it is needed. */
type Copied = Readonly<{ kind: 'copy'; mode: number } & Copy>;
type Known = Image | InGit | Copied;
type Entry = Readonly<{ stats: Stamp; isRecent: boolean; known: Known }>;
type Stamp = Pick<Stats, 'size' | 'mtimeMs' | 'ctimeMs' | 'ino' | 'mode'>;
type Difference = Readonly<{ path: string; before: Known; after: Known }>;

/** What was there before is not known. */
const leftOut: Image = { kind: 'unknown', why: 'it was not covered before', stamp: '' };

/** Copies that nobody needs any more are let go when there are this many times what one look may copy. */
const spoolLooks = 4;

/** With more files a look takes some 50 ms. */
const large = 10_000;

export class Tree implements Disposable {
  readonly root: string;
  /** What is not covered here, as of the last look. */
  gaps: readonly Gap[] = [];
  readonly #options: TreeOptions;
  readonly #walker: Walker;
  readonly #spool: Spool;
  #entries: Map<string, Entry> | undefined;
  #isTooLarge = false;
  /** What may still be copied in this look. */
  #room = 0;

  constructor(root: string, options: TreeOptions) {
    this.root = root;
    this.#options = options;
    this.#walker = new Walker(root, options);
    this.#spool = new Spool(options.own);
  }

  /** Before the first look. */
  readonly load = () => this.#walker.load();

  /** Frees what copies take. The next look is like the first. */
  [Symbol.dispose](): void {
    this.#spool[Symbol.dispose]();
    this.#entries = undefined;
  }

  /** When nothing runs: begins anew when its copies have grown too many. */
  trim(): void {
    if (this.#spool.bytes > spoolLooks * this.#options.maxCopyBytes) this[Symbol.dispose]();
  }

  /** Whether one look costs so much that there should not be many. */
  get isLarge(): boolean {
    return (this.#entries?.size ?? 0) > large;
  }

  /**
   * Looks at all files. What changed since the last look; nothing the first time, nor where there are too many. When
   * something cannot be kept it throws, and the next look is like the first.
   */
  look(): readonly Change[] {
    if (this.#isTooLarge) return [];
    try {
      return this.#look();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  #look(): readonly Change[] {
    const startedMs = Date.now();
    const { found, gaps, isCut } = this.#walker.walk();
    this.gaps = isCut ? [this.#tooLarge()] : gaps;
    if (isCut) return [];
    this.#room = this.#options.maxCopyBytes;
    const isFirst = this.#entries === undefined;
    const entries = (this.#entries ??= new Map<string, Entry>());
    const changed: Difference[] = [];
    for (const [path, one] of found) this.#compare(path, one, { startedMs, changed });
    for (const [path, { known }] of entries) {
      if (found.has(path)) continue;
      entries.delete(path);
      // What is still there is only left out from now on: it is ignored, or was noted though it is.
      if (statsAt(path) !== undefined && isInPlace(path)) continue;
      changed.push({ path, before: known, after: nothing });
    }
    return isFirst ? [] : changed.flatMap((one) => this.#change(one));
  }

  /** It is not looked through again. */
  #tooLarge(): Gap {
    this[Symbol.dispose]();
    this.#isTooLarge = true;
    const { maxFiles } = this.#options;
    const why = `it has more than ${maxFiles} files, so what commands change is not known`;
    return { path: this.root, why };
  }

  /** What is other than it was, and by more than its times. */
  #compare(
    path: string,
    found: Found,
    { startedMs, changed }: { readonly startedMs: number; readonly changed: Difference[] },
  ): void {
    const { stats } = found;
    const old = this.#entries?.get(path);
    if (old !== undefined && !old.isRecent && isSameStamp(old.stats, stats)) return;
    const known = this.#identify(path, found);
    const isNew = !stats.isDirectory() && isRecent(stats, startedMs);
    this.#entries?.set(path, { stats: stampIn(stats), isRecent: isNew, known });
    const before = old?.known ?? (this.#walker.wasLeftOut(path) ? leftOut : nothing);
    if (!isSameKnown(before, known)) changed.push({ path, before, after: known });
  }

  #change({ path, before, after }: Difference): readonly Change[] {
    const change = { path, before: this.#image(before), after: this.#image(after) };
    return isSame(change.before, change.after) ? [] : [change];
  }

  /** How what is there now can be had later: from git when it is clean there, else as a copy. */
  #identify(path: string, found: Found): Known {
    const { stats } = found;
    const { maxFileBytes } = this.#options;
    const tracked = stats.isFile() ? trackedAt(path, found) : undefined;
    if (tracked?.isClean === true) return tracked.known;
    const bytes = stats.isFile() ? bytesAt(path, stats, maxFileBytes) : undefined;
    if (bytes === undefined) return imageWithout(path, stats, maxFileBytes);
    const isInGit = tracked?.known.bytes === bytes.length && blobOid(bytes) === tracked.known.oid;
    return isInGit ? tracked.known : this.#copy(bytes, stats);
  }

  #copy(bytes: Uint8Array, stats: Stats): Known {
    const limit = megabytes(this.#options.maxCopyBytes);
    const why = `more than ${limit} would have to be copied before a command`;
    if (bytes.length > this.#room) return { kind: 'unknown', why, stamp: stampOf(stats) };
    this.#room -= bytes.length;
    return { kind: 'copy', mode: stats.mode & 0o777, ...this.#spool.put(bytes) };
  }

  /** What is known, its content in the store. */
  #image(known: Known): Image {
    if (known.kind !== 'git' && known.kind !== 'copy') return known;
    const bytes = known.kind === 'copy' ? this.#spool.get(known) : this.#blob(known);
    // Git may have it in another form, by a configuration that was not seen: with other ends of lines, say.
    if (bytes?.length === known.bytes) {
      const hash = this.#options.contents.put(bytes);
      return { kind: 'file', hash, bytes: bytes.length, mode: known.mode };
    }
    const limit = megabytes(this.#options.maxFileBytes);
    const lost = `git has it no longer, or it is larger than ${limit}`;
    const why = bytes === undefined ? lost : 'git keeps it in another form';
    return { kind: 'unknown', why, stamp: known.kind === 'git' ? known.oid : '' };
  }

  #blob({ repository, oid }: InGit): Uint8Array | undefined {
    return repository.objects.blob(oid, this.#options.maxFileBytes);
  }

  /** Takes note of a path that was changed with everybody's knowledge: it will not be found again. */
  note(path: string, known: Image): void {
    if (this.#entries === undefined || !path.startsWith(`${this.root}/`)) return;
    for (let at = dirname(path); at.length > this.root.length; at = dirname(at))
      this.#set(at, folder);
    this.#set(path, known);
  }

  #set(path: string, known: Image): void {
    const stats = statsAt(path);
    if (stats === undefined) this.#entries?.delete(path);
    else this.#entries?.set(path, { stats: stampIn(stats), isRecent: true, known });
  }
}

/** A file as git has it, and whether that is surely what is there. */
function trackedAt(path: string, { stats, repository }: Found) {
  const entry = repository?.index()?.entries.get(path.slice(repository.root.length + 1));
  if (entry === undefined || repository === undefined) return undefined;
  const { oid, bytes } = entry;
  const known: InGit = { kind: 'git', oid, bytes, mode: stats.mode & 0o777, repository };
  const isClean = repository.isPlain && looksClean(entry, stats, repository.indexMs);
  return { known, isClean };
}

function stampIn({ size, mtimeMs, ctimeMs, ino, mode }: Stats): Stamp {
  return { size, mtimeMs, ctimeMs, ino, mode };
}

function isSameStamp(one: Stamp, other: Stamp): boolean {
  const isSameTime = one.mtimeMs === other.mtimeMs && one.ctimeMs === other.ctimeMs;
  return isSameTime && one.size === other.size && one.ino === other.ino && one.mode === other.mode;
}

/** Whether both are surely the same; where one is in git and the other a copy, only their bytes can tell. */
function isSameKnown(one: Known, other: Known): boolean {
  if (one.kind === 'git' && other.kind === 'git')
    return one.oid === other.oid && one.mode === other.mode;
  if (one.kind === 'copy' && other.kind === 'copy')
    return one.hash === other.hash && one.mode === other.mode;
  if ('oid' in one || 'oid' in other || 'offset' in one || 'offset' in other) return false;
  return isSame(one, other);
}
