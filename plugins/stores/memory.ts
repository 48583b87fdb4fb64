/** Threads that end with the process: for tests, and for what should leave no trace. */

import {
  KernelError,
  stores,
  type Blobs,
  type Item,
  type Plugin,
  type Store,
  type ThreadLog,
  type ThreadSummary,
} from '../../core/index.ts';
import { afterCursor, checkId, newestFirst, pageOf, previewOf } from './page.ts';

export default function memory(): Plugin {
  return {
    name: 'memory',
    api: 1,
    setup: (host) => {
      host.add(stores, memoryStore());
    },
  };
}

interface Stored {
  readonly items: Item[];
  isOpen: boolean;
}

/** A store that keeps threads and blobs while the process lives; errors as in `jsonl`. */
export function memoryStore(): Store {
  const threads = new Map<string, Stored>();
  return {
    name: 'memory',
    open: (id, { create }) => openLog(id, create ? added(threads, id) : found(threads, id)),
    read: (id) => [...found(threads, id).items],
    list: (query) => {
      const known = [...threads.values()].flatMap(summaryOf).filter(afterCursor(query));
      return pageOf(known.toSorted(newestFirst), query);
    },
    remove: (id) => {
      if (found(threads, id).isOpen) throw isOpen(id);
      threads.delete(id);
    },
    blobs: memoryBlobs(),
  };
}

function added(threads: Map<string, Stored>, id: string): Stored {
  checkId(id);
  if (threads.has(id))
    throw new KernelError(
      'conflict',
      `there is a thread ${id} already: open it, or take another id`,
    );
  const stored = { items: [], isOpen: false };
  threads.set(id, stored);
  return stored;
}

function found(threads: ReadonlyMap<string, Stored>, id: string): Stored {
  checkId(id);
  const stored = threads.get(id);
  if (stored === undefined)
    throw new KernelError('not_found', `there is no thread ${id} in memory`);
  return stored;
}

function isOpen(id: string): KernelError {
  return new KernelError(
    'conflict',
    `thread ${id} is open in this process: close it there and try again`,
  );
}

function openLog(id: string, stored: Stored): ThreadLog {
  if (stored.isOpen) throw isOpen(id);
  stored.isOpen = true;
  let closed = false;
  return {
    items: [...stored.items],
    append: (items) => {
      if (closed)
        throw new KernelError(
          'store',
          `expected thread ${id} to be open, but it was closed: open it again`,
        );
      stored.items.push(...items);
    },
    close: () => {
      if (!closed) stored.isOpen = false;
      closed = true;
    },
  };
}

function summaryOf({ items }: Stored): readonly ThreadSummary[] {
  const [head] = items;
  if (head?.type !== 'thread') return [];
  const metas = items.filter((item) => item.type === 'meta');
  const name = metas.findLast((meta) => meta.name !== undefined)?.name;
  const user = items.find((item) => item.type === 'user');
  return [
    {
      id: head.id,
      ...(name === undefined ? {} : { name }),
      cwd: head.settings.cwd,
      createdMs: head.at,
      updatedMs: items.at(-1)?.at ?? head.at,
      archived: metas.findLast((meta) => meta.archived !== undefined)?.archived ?? false,
      preview: user === undefined ? '' : previewOf(user),
      ...(head.parent === undefined ? {} : { parent: head.parent.thread }),
      bytes: items.reduce((sum, item) => sum + JSON.stringify(item).length + 1, 0),
    },
  ];
}

function memoryBlobs(): Blobs {
  const blobs = new Map<string, Uint8Array>();
  return {
    put: async (bytes) => {
      const { hash } = await import('node:crypto');
      const name = hash('sha256', bytes, 'hex');
      blobs.set(name, new Uint8Array(bytes));
      return name;
    },
    get: (hash) => blobs.get(hash),
  };
}
