/** Blobs that are collected: those unused for too long, the oldest of too many, and those no thread refers to. */

import {
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { whileThere } from './failure.ts';

/** How long blobs are kept unused, and how many bytes of them. */
export interface BlobBounds {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

/** How many blobs, with how many bytes together; `referred`: how many of them a thread refers to. */
interface Sum {
  readonly count: number;
  readonly bytes: number;
  readonly referred: number;
}

/** What a collection frees, or would: `aged` unused for too long, `over` the oldest of too many bytes, `orphaned`. */
export interface Collection {
  readonly aged: Sum;
  readonly over: Sum;
  readonly orphaned: Sum;
  readonly kept: Sum;
}

interface Blob {
  readonly hash: string;
  readonly bytes: number;
  readonly usedMs: number;
}

const blobName = /^[0-9a-f]{64}$/;
/** Where a blob is while it is being removed, and what a write leaves that was cut off. */
const goneName = /^([0-9a-f]{64})\.\d+\.gone$/;
const partName = /\.part$/;
/** A blob is written before the item that refers to it, and read a moment after it was put. */
const newMs = 3_600_000;
const justMs = 60_000;
const dayMs = 24 * newMs;

/** A full collection: with `apply` the blobs are removed. `threads` is the folder of the thread files, `blobs` theirs. */
export function collect(
  { threads, blobs }: { readonly threads: string; readonly blobs: string },
  bounds: BlobBounds,
  apply: boolean,
): Collection {
  const all = blobsIn(blobs);
  const referred = referredIn(threads);
  const sorted = sortOut(all, bounds, referred);
  const sum = (some: readonly Blob[]): Sum => ({
    count: some.length,
    bytes: some.reduce((total, { bytes }) => total + bytes, 0),
    referred: some.filter(({ hash }) => referred.has(hash)).length,
  });
  const done = (some: readonly Blob[]) =>
    sum(apply ? some.filter((one) => remove(blobs, one)) : some);
  const { aged, over, orphaned, kept } = sorted;
  return { aged: done(aged), over: done(over), orphaned: done(orphaned), kept: sum(kept) };
}

/**
 * What happens by itself while blobs are written: at most once a day, and when this process has written a tenth of the
 * bound. It keeps to age and bytes, reads no thread, and what fails is left for the next time.
 */
export class Collector {
  readonly #folder: string;
  readonly #bounds: BlobBounds;
  #written = 0;

  constructor(folder: string, bounds: BlobBounds) {
    this.#folder = folder;
    this.#bounds = bounds;
  }

  /** So many bytes were written. */
  wrote(bytes: number): void {
    this.#written += bytes;
    try {
      if (!this.#isDue()) return;
      this.#written = 0;
      const { aged, over } = sortOut(blobsIn(this.#folder), this.#bounds);
      for (const blob of [...aged, ...over]) remove(this.#folder, blob);
    } catch {
      // The blob is there, which is what was asked for.
    }
  }

  #isDue(): boolean {
    const mark = join(this.#folder, '.collected');
    const last = statSync(mark, { throwIfNoEntry: false })?.mtimeMs;
    const isDue = this.#written > this.#bounds.maxBytes / 10 || (last ?? 0) < Date.now() - dayMs;
    if (isDue && last === undefined) writeFileSync(mark, '', { mode: 0o600 });
    else if (isDue) utimesSync(mark, new Date(), new Date());
    return isDue;
  }
}

/** All whole blobs, the one used last first; what an earlier process left half done is put right. */
function blobsIn(folder: string): readonly Blob[] {
  const names = whileThere(() => readdirSync(folder)) ?? [];
  return names
    .flatMap((name) => {
      const [, back] = goneName.exec(name) ?? [];
      if (back !== undefined) whileThere(() => renameSync(join(folder, name), join(folder, back)));
      const hash = back ?? name;
      const stats = statSync(join(folder, hash), { throwIfNoEntry: false });
      if (stats === undefined) return [];
      const isLeft = partName.test(name) && stats.mtimeMs < Date.now() - newMs;
      if (isLeft) rmSync(join(folder, name), { force: true });
      return blobName.test(hash) ? [{ hash, bytes: stats.size, usedMs: stats.mtimeMs }] : [];
    })
    .toSorted((a, b) => b.usedMs - a.usedMs);
}

type Sorted = Readonly<Record<keyof Collection, readonly Blob[]>>;

/** Each blob once. Without `referred` none is orphaned. */
function sortOut(
  all: readonly Blob[],
  { maxAgeMs, maxBytes }: BlobBounds,
  referred?: ReadonlySet<string>,
): Sorted {
  const sorted = { aged: [], over: [], orphaned: [], kept: [] } as Record<keyof Collection, Blob[]>;
  const now = Date.now();
  let bytes = 0;
  for (const blob of all) {
    const age = now - blob.usedMs;
    const isOrphan = referred !== undefined && !referred.has(blob.hash);
    if (isOrphan && age > newMs) sorted.orphaned.push(blob);
    else if (age > Math.max(maxAgeMs, justMs)) sorted.aged.push(blob);
    else if ((bytes += blob.bytes) > maxBytes && age > justMs) sorted.over.push(blob);
    else sorted.kept.push(blob);
  }
  return sorted;
}

/** Whether it was removed. One that somebody uses meanwhile stays: it is looked at again where no one else finds it. */
function remove(folder: string, { hash, usedMs }: Blob): boolean {
  const path = join(folder, hash);
  const gone = `${path}.${process.pid}.gone`;
  return (
    whileThere(() => {
      if (statSync(path).mtimeMs > usedMs) return false;
      renameSync(path, gone);
      const isUsed = statSync(gone).mtimeMs > usedMs;
      if (isUsed) renameSync(gone, path);
      else rmSync(gone);
      return !isUsed;
    }) ?? false
  );
}

/** The hashes that thread files name. Within texts quotes are escaped, so only items match. */
function referredIn(folder: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const name of whileThere(() => readdirSync(folder)) ?? []) {
    if (!name.endsWith('.jsonl')) continue;
    const text = whileThere(() => readFileSync(join(folder, name), 'latin1')) ?? '';
    for (const [, hash = ''] of text.matchAll(/"blob":"([0-9a-f]{64})"/g)) found.add(hash);
  }
  return found;
}
