/** Threads are read and listed, loaded or not. */

import type { Client, Settings, ThreadInfo, ThreadSummary } from '../../../../core/index.ts';
import { viewed } from '../items/history.ts';
import type { WireThread } from '../schemas/thread.ts';
import { threadRequests as shapes } from '../schemas/thread-requests.ts';
import type { Method, Server } from '../session.ts';
import { method } from './method.ts';
import { pageOf } from './pages.ts';
import { noTurn } from './thread-life.ts';
import { listedThread, loadedThreads, readThread, wireThread } from './wire-thread.ts';

/** `thread/read`, `list`, `loaded/list`, `turns/list`, `items/list`. */
export const readMethods: Readonly<Record<string, Method>> = {
  'thread/read': method(shapes['thread/read'], async (params, { client, server }) => {
    const { threadId, includeTurns } = params;
    const info = (await loadedThreads(client)).get(threadId);
    const read = await readThread(client, threadId, info);
    const turns = includeTurns === true ? read.turns : [];
    return { thread: wireThread(read, server, turns), readState: null };
  }),

  'thread/list': method(shapes['thread/list'], async (params, { client, server }) => {
    const loaded = await loadedThreads(client);
    const { page, next, first } = await summaries(client, params);
    const data = await Promise.all(page.map((one) => listed(client, server, { one, loaded })));
    const { modelProviders } = params;
    const isWanted = ({ modelProvider }: WireThread) =>
      modelProviders == null ||
      modelProviders.length === 0 ||
      modelProviders.includes(modelProvider);
    return {
      data: data.filter(isWanted),
      readStates: null,
      nextCursor: next,
      backwardsCursor: first,
    };
  }),

  'thread/loaded/list': method(shapes['thread/loaded/list'], async (params, { client }) => {
    const ids = [...(await loadedThreads(client)).keys()].toSorted();
    const { data, nextCursor } = pageOf({ all: ids, idOf: (id) => id }, params);
    return { data, nextCursor };
  }),

  'thread/turns/list': method(shapes['thread/turns/list'], async (params, { client }) => {
    const { threadId, sortDirection, itemsView } = params;
    const { turns } = await readThread(client, threadId);
    const isNewestFirst = sortDirection !== 'asc';
    const page = pageOf({ all: turns, idOf: ({ id }) => id, isNewestFirst }, params);
    return { ...page, data: page.data.map((turn) => viewed(turn, itemsView ?? 'summary')) };
  }),

  'thread/items/list': method(shapes['thread/items/list'], async (params, { client }) => {
    const { threadId, turnId, sortDirection } = params;
    const { turns } = await readThread(client, threadId);
    const chosen = turnId == null ? turns : turns.filter(({ id }) => id === turnId);
    if (turnId != null && chosen.length === 0) throw noTurn(turnId);
    const all = chosen.flatMap((turn) =>
      turn.items.map((item) => {
        const { startedAtMs = null, completedAtMs = null } = item;
        return { turnId: turn.id, item, startedAtMs, completedAtMs };
      }),
    );
    const isNewestFirst = sortDirection === 'desc';
    return pageOf({ all, idOf: ({ item }) => item.id, isNewestFirst }, params);
  }),
};

interface Query {
  readonly cursor?: string | null | undefined;
  readonly limit?: number | null | undefined;
  readonly sortKey?: string | null | undefined;
  readonly sortDirection?: 'asc' | 'desc' | null | undefined;
  readonly archived?: boolean | null | undefined;
  readonly cwd?: string | readonly string[] | null | undefined;
  readonly searchTerm?: string | null | undefined;
  readonly parentThreadId?: string | null | undefined;
  readonly excludedThreadIds?: readonly string[] | null | undefined;
  readonly sourceKinds?: readonly string[] | null | undefined;
  readonly sectionId?: string | null | undefined;
}

interface Found {
  readonly page: readonly ThreadSummary[];
  readonly next: string | null;
  readonly first: string | null;
}

const defaultLimit = 25;

/** A page of what is stored. Sub-agents' threads are listed only when they are asked for. */
async function summaries(client: Client, query: Query): Promise<Found> {
  const all = (await everySummary(client, query)).filter(wantedBy(query));
  const time =
    query.sortKey === 'updated_at' || query.sortKey === 'recency_at' ? 'updatedMs' : 'createdMs';
  const sorted = all.toSorted(
    (a, b) => a[time] - b[time] || Number(a.id > b.id) - Number(a.id < b.id),
  );
  const isNewestFirst = query.sortDirection !== 'asc';
  const limit = query.limit ?? defaultLimit;
  const found = pageOf({ all: sorted, idOf: ({ id }) => id, isNewestFirst }, { ...query, limit });
  return { page: found.data, next: found.nextCursor, first: found.backwardsCursor };
}

async function everySummary(client: Client, query: Query): Promise<readonly ThreadSummary[]> {
  const { searchTerm, parentThreadId, sectionId } = query;
  if (sectionId != null) return []; // no thread is in a section
  const folders = typeof query.cwd === 'string' ? [query.cwd] : (query.cwd ?? [undefined]);
  const found: ThreadSummary[] = [];
  for (const cwd of folders) {
    let cursor: string | undefined;
    do {
      const page = await client.request('thread/list', {
        limit: 1000,
        archived: query.archived ?? false,
        ...(cwd === undefined ? {} : { cwd }),
        ...(searchTerm == null ? {} : { search: searchTerm }),
        ...(parentThreadId == null ? {} : { parent: parentThreadId }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      found.push(...page.threads);
      cursor = page.next;
    } while (cursor !== undefined);
  }
  return found;
}

function wantedBy({ parentThreadId, excludedThreadIds, sourceKinds }: Query) {
  const excluded = new Set(excludedThreadIds);
  const withAgents =
    parentThreadId != null || sourceKinds?.some((kind) => kind.startsWith('subAgent')) === true;
  return ({ id, parent }: ThreadSummary) =>
    !excluded.has(id) && (withAgents || parent === undefined);
}

interface Known {
  readonly one: ThreadSummary;
  readonly loaded: ReadonlyMap<string, ThreadInfo>;
}

async function listed(client: Client, server: Server, { one, loaded }: Known): Promise<WireThread> {
  const info = loaded.get(one.id);
  const settings = info?.settings ?? (await firstSettings(client, one));
  return listedThread(one, server, { info, settings });
}

/** More is not read for a list. */
const maxBytes = 256 * 1024;

async function firstSettings(
  client: Client,
  { id, bytes }: ThreadSummary,
): Promise<Settings | undefined> {
  if (bytes > maxBytes) return undefined;
  const { items } = await client.request('thread/read', { thread: id, limit: 1 });
  const [first] = items;
  return first?.type === 'thread' ? first.settings : undefined;
}
