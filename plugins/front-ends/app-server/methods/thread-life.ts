/** Threads begin, are joined, copied and left. */

import type { Client, Item, ThreadInfo } from '../../../../core/index.ts';
import { historyOf, viewed } from '../items/history.ts';
import type { WireTurn } from '../schemas/thread.ts';
import { threadRequests as shapes } from '../schemas/thread-requests.ts';
import { type Method, RpcError, type Session } from '../session.ts';
import { type App, modelNameOf, tellAll } from './app.ts';
import { method } from './method.ts';
import { hasChanges, type Overrides, overridesOf } from './overrides.ts';
import { pageOf } from './pages.ts';
import { inForce, loadedThreads, type ReadThread, readThread, wireThread } from './wire-thread.ts';

/** `thread/start`, `resume`, `fork`, `unsubscribe`. */
export function lifeMethods(app: App): Readonly<Record<string, Method>> {
  return {
    'thread/start': start(app),
    'thread/resume': resume(app),
    'thread/fork': fork(app),
    'thread/unsubscribe': unsubscribe(app),
  };
}

const start = (app: App): Method =>
  method(shapes['thread/start'], async (params, session, call) => {
    const overrides = overridesOf(params, folderOf(session));
    const info = await session.client.request('thread/start', {
      settings: overrides.changes,
      ...(params.ephemeral == null ? {} : { ephemeral: params.ephemeral }),
    });
    const read = await readThread(session.client, info.id, info);
    const answer = await told(session, read, []);
    if (params.dynamicTools != null) app.provides(session, info.id);
    call.after(() => {
      tellAll(session.server, 'thread/started', { thread: answer.thread });
      join(app, session, read);
      notice(session, info.id, overrides);
    });
    return answer;
  });

const resume = (app: App): Method =>
  method(shapes['thread/resume'], async (params, session, call) => {
    const { threadId: thread, after, excludeTurns, initialTurnsPage } = params;
    const overrides = overridesOf(params, folderOf(session));
    const settings = hasChanges(overrides) ? { settings: overrides.changes } : {};
    const info = await session.client.request('thread/resume', { thread, ...settings });
    const read = await readThread(session.client, thread, info);
    const turns = excludeTurns === true ? [] : read.turns;
    const answer = await told(session, read, turns);
    call.after(() => {
      join(app, session, after == null ? read : readUpTo(read, after));
      notice(session, thread, overrides);
    });
    return {
      ...answer,
      collaborationMode: null,
      initialTurnsPage: initialTurnsPage == null ? null : firstTurns(read.turns, initialTurnsPage),
      turnsBackwardsCursor: read.turns.at(-1)?.id ?? null,
      itemsBackwardsCursor: read.turns.at(-1)?.items.at(-1)?.id ?? null,
    };
  });

const fork = (app: App): Method =>
  method(shapes['thread/fork'], async (params, session, call) => {
    const { threadId, ephemeral, excludeTurns } = params;
    const { client } = session;
    const source = await client.request('thread/read', { thread: threadId });
    const overrides = overridesOf(params, folderOf(session));
    const copy = await client.request('thread/fork', {
      thread: threadId,
      after: cutOf(source.items, params),
      ...(ephemeral == null ? {} : { ephemeral }),
    });
    const info = hasChanges(overrides)
      ? await client.request('thread/update', { thread: copy.id, settings: overrides.changes })
      : copy;
    const read = await readThread(client, info.id, info);
    const answer = await told(session, read, excludeTurns === true ? [] : read.turns);
    call.after(() => {
      tellAll(session.server, 'thread/started', { thread: { ...answer.thread, turns: [] } });
      join(app, session, read);
      notice(session, info.id, overrides);
    });
    return answer;
  });

const unsubscribe = (app: App): Method =>
  method(shapes['thread/unsubscribe'], async ({ threadId }, session) => {
    const isFollowed = session.following.has(threadId);
    app.unfollow(session, threadId);
    if (isFollowed) return { status: 'unsubscribed' as const };
    const loaded = await loadedThreads(session.client);
    return { status: loaded.has(threadId) ? ('notSubscribed' as const) : ('notLoaded' as const) };
  });

/** The folder that relative paths and threads without one are taken from. */
export const folderOf = ({ server }: Session): string => server.options.cwd ?? process.cwd();

async function told(session: Session, read: ReadThread, turns: readonly WireTurn[]) {
  const { settings } = read.translation;
  const model = await modelNameOf(session.client, read.id, settings);
  const sources = read.items.flatMap((item) =>
    item.type === 'fragment' && item.plugin === 'agents-md' ? [item.source] : [],
  );
  const answer = inForce(wireThread(read, session.server, turns), settings, model);
  return { ...answer, instructionSources: [...new Set(sources)] };
}

function join(app: App, session: Session, { id, translation, last }: ReadThread): void {
  app.follow(session, { thread: id, translation, after: last });
}

/** As it was at an ordinal: everything later is still to be told. */
function readUpTo(read: ReadThread, after: number): ReadThread {
  const items = read.items.slice(0, after + 1);
  return { ...read, ...historyOf(read.id, items), items, last: items.length - 1 };
}

function notice(session: Session, threadId: string, { unknown }: Overrides): void {
  if (unknown.length === 0) return;
  const message = `configuration without effect here: ${unknown.join(', ')}`;
  session.notify('warning', { threadId, message });
}

interface FirstTurns {
  readonly limit?: number | null | undefined;
  readonly sortDirection?: 'asc' | 'desc' | null | undefined;
  readonly itemsView?: WireTurn['itemsView'] | null | undefined;
}

function firstTurns(turns: readonly WireTurn[], wanted: FirstTurns) {
  const isNewestFirst = wanted.sortDirection !== 'asc';
  const page = pageOf({ all: turns, idOf: ({ id }) => id, isNewestFirst }, wanted);
  return { ...page, data: page.data.map((turn) => viewed(turn, wanted.itemsView ?? 'summary')) };
}

interface Cut {
  readonly lastTurnId?: string | null | undefined;
  readonly beforeTurnId?: string | null | undefined;
}

/** The ordinal after which a copy ends. Throws RpcError -32600 for a turn that is not there. */
function cutOf(items: readonly Item[], { lastTurnId, beforeTurnId }: Cut): number {
  if (beforeTurnId != null) {
    const at = items.findIndex((item) => item.type === 'turn' && item.id === beforeTurnId);
    if (at < 0) throw noTurn(beforeTurnId);
    return at - 1;
  }
  if (lastTurnId == null) return items.length - 1;
  const at = items.findIndex((item) => item.type === 'end' && item.id === lastTurnId);
  if (at < 0) throw noTurn(lastTurnId);
  return at;
}

/** The turn is not in the thread, or has not ended. */
export const noTurn = (id: string) =>
  new RpcError('invalidRequest', `there is no such turn: ${id}`, { code: 'not_found' });

/** The thread when it is loaded. Throws RpcError -32600 otherwise. */
export async function loadedThread(client: Client, id: string): Promise<ThreadInfo> {
  const info = (await loadedThreads(client)).get(id);
  if (info !== undefined) return info;
  const message = `thread ${id} is not loaded: resume it first`;
  throw new RpcError('invalidRequest', message, { code: 'not_found' });
}
