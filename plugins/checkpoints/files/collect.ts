/** Keeps checkpoints within their bounds: records that are too old go, then the oldest, then what nobody names. */

import { readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { contentsOf } from '../record.ts';
import type { Records } from './records.ts';

/** Bytes of all contents, and the age that a record may reach without a new line. */
export interface Bounds {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** How often it is done, unless much was written. */
const intervalMs = 24 * 3_600_000;
/** What is this new may be of a turn that runs in another process. */
const newMs = 3_600_000;

/** Whether it is time; then the next time is a day from now. */
export function isDue(folder: string): boolean {
  const path = join(folder, 'collected');
  const now = Date.now();
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined && now - stats.mtimeMs < intervalMs) return false;
  if (stats === undefined) writeFileSync(path, '', { mode: 0o600 });
  else utimesSync(path, now / 1000, now / 1000);
  return true;
}

/** Removes what is too old or too much; what is of the last hour stays. Throws what the system says. */
export function collect(folder: string, records: Records, { maxBytes, maxAgeMs }: Bounds): void {
  const now = Date.now();
  const contents = contentsIn(join(folder, 'contents'));
  const sizes = new Map(contents.map(({ hash, bytes }) => [hash, bytes]));
  const needed = new Set<string>();
  let total = 0;
  for (const { thread, atMs } of records.list().toSorted((a, b) => b.atMs - a.atMs)) {
    const own = new Set(records.read(thread).flatMap(contentsOf));
    const added = [...own].filter((hash) => !needed.has(hash));
    const bytes = added.reduce((sum, hash) => sum + (sizes.get(hash) ?? 0), 0);
    const isNew = now - atMs <= newMs;
    const isKept = isNew || (now - atMs <= maxAgeMs && total + bytes <= maxBytes);
    if (!isKept) records.remove(thread);
    if (!isKept) continue;
    total += bytes;
    for (const hash of own) needed.add(hash);
  }
  for (const { path, hash, atMs } of contents)
    if (!needed.has(hash) && now - atMs > newMs) rmSync(path, { force: true });
}

function contentsIn(folder: string) {
  return readdirSync(folder).flatMap((hash) => {
    const path = join(folder, hash);
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ path, hash, bytes: stats.size, atMs: stats.mtimeMs }];
  });
}
