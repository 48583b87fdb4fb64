/** Threads as JSON Lines files that people can read and tools can grep; docs/threads.md describes them. */

import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import {
  requests,
  stores,
  type Plugin,
  type Store,
  type ThreadQuery,
  type ThreadSummary,
} from '../../core/index.ts';
import { fileBlobs } from './jsonl/blobs.ts';
import { type BlobBounds, Collector } from './jsonl/collect.ts';
import { collectRequest } from './jsonl/collect-request.ts';
import { storeError, whileThere } from './jsonl/failure.ts';
import { acquireLock } from './jsonl/lock.ts';
import { readHead, scanOn, summaryOf, type Scan } from './jsonl/summary.ts';
import { notFound, openThread, readThread, type ThreadFile } from './jsonl/thread-file.ts';
import { afterCursor, checkId, mayMatch, newestFirst, pageOf, type Place } from './page.ts';
import { stateFolder } from './state-folder.ts';

export interface JsonlOptions {
  /** Where the files are; made when missing. Default: `threads` in the user's state folder. */
  readonly directory?: string;
  /** How long whole outputs of calls are kept unused, in days. Default 30. */
  readonly blobDays?: number;
  /** Bytes of whole outputs that are kept; the oldest go first. Default 1 GiB. */
  readonly blobBytes?: number;
}

/** The schema of the options. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({
    directory: z.string().min(1).optional().describe('folder of the thread files'),
    blobDays: z.number().positive().optional().describe('days that whole outputs are kept unused'),
    blobBytes: z.number().positive().optional().describe('bytes of whole outputs that are kept'),
  });
};

/** Adds the store, and the request `blob/collect`. */
export default function jsonl(config: JsonlOptions = {}): Plugin {
  const { directory = stateFolder('threads') } = config;
  return {
    name: 'jsonl',
    api: 1,
    setup: (host) => {
      host.add(stores, jsonlStore(directory, config));
      const folders = { threads: directory, blobs: join(directory, 'blobs') };
      host.add(requests, collectRequest(folders, boundsOf(config)));
    },
  };
}

const dayMs = 86_400_000;

function boundsOf({ blobDays = 30, blobBytes = 2 ** 30 }: JsonlOptions): BlobBounds {
  return { maxAgeMs: blobDays * dayMs, maxBytes: blobBytes };
}

type Bounds = Pick<JsonlOptions, 'blobDays' | 'blobBytes'>;

/**
 * A store in `directory`: `ID.jsonl`, `ID.lock` while it is open, `blobs/SHA256`; nothing is made before the first
 * write. Its errors: `invalid` (a bad id or cursor), `not_found`, `conflict` (open elsewhere, or there already),
 * `version` (from a newer spindle), `store` (a broken file, a full disk, a folder that cannot be written).
 */
export function jsonlStore(directory: string, bounds: Bounds = {}): Store {
  const blobs = join(directory, 'blobs');
  const scans = new Map<string, Scan>();
  return {
    name: 'jsonl',
    open: (id, { create }) => openThread(fileOf(directory, id), create),
    read: (id) => readThread(fileOf(directory, id)),
    list: (query) => pageOf(summaries({ directory, scans, query }), query),
    remove: (id) => removeThread(fileOf(directory, id)),
    blobs: fileBlobs(blobs, new Collector(blobs, boundsOf(bounds))),
  };
}

function fileOf(directory: string, id: string): ThreadFile {
  checkId(id);
  return { id, path: join(directory, `${id}.jsonl`), lock: join(directory, `${id}.lock`) };
}

function removeThread(file: ThreadFile): void {
  if (statSync(file.path, { throwIfNoEntry: false }) === undefined) throw notFound(file);
  using _lock = acquireLock(file.lock, `thread ${file.id}`);
  try {
    rmSync(file.path);
  } catch (error) {
    throw storeError(error, 'remove', file.path);
  }
}

interface Listing {
  readonly directory: string;
  readonly scans: Map<string, Scan>;
  readonly query: ThreadQuery;
}

/** Newest first; each file is looked into only when it is drawn and its first line fits the query. */
function* summaries({ directory, scans, query }: Listing): Generator<ThreadSummary> {
  const places = placesIn(directory);
  const present = new Set(places.map((place) => place.id));
  for (const id of scans.keys()) if (!present.has(id)) scans.delete(id);
  for (const place of places.filter(afterCursor(query)).toSorted(newestFirst)) {
    const path = join(directory, `${place.id}.jsonl`);
    const known = whileThere(() => knownOf(path, place, scans));
    if (known === undefined) continue;
    scans.set(place.id, known);
    if (!mayMatch(summaryOf(known, place), query)) continue;
    const scan = whileThere(() => scanOn(path, known));
    if (scan === undefined) continue;
    scans.set(place.id, scan);
    yield summaryOf(scan, place);
  }
}

function knownOf(
  path: string,
  place: Place & { readonly bytes: number },
  scans: ReadonlyMap<string, Scan>,
): Scan | undefined {
  const known = scans.get(place.id);
  return known !== undefined && known.scanned <= place.bytes ? known : readHead(path);
}

function placesIn(directory: string): readonly (Place & { readonly bytes: number })[] {
  const names = whileThere(() => readdirSync(directory)) ?? [];
  return names.flatMap((name) => {
    const id = name.endsWith('.jsonl') ? name.slice(0, -'.jsonl'.length) : '';
    const stats =
      id === '' ? undefined : statSync(join(directory, name), { throwIfNoEntry: false });
    return stats?.isFile() === true
      ? [{ id, updatedMs: Math.floor(stats.mtimeMs), bytes: stats.size }]
      : [];
  });
}
