/** Threads are named, put away, cut back, compacted. */

import type { Client } from '../../../../core/index.ts';
import { threadRequests as shapes } from '../schemas/thread-requests.ts';
import { type Method, RpcError, type Session } from '../session.ts';
import { tellAll } from './app.ts';
import { method } from './method.ts';
import { overridesOf } from './overrides.ts';
import { folderOf, loadedThread, noTurn } from './thread-life.ts';
import { loadedThreads, readThread, wireThread } from './wire-thread.ts';

/** `thread/archive`, `unarchive`, `delete`, `name/set`, `settings/update`, `revert`, `rollback`, `compact/start`. */
export const changeMethods: Readonly<Record<string, Method>> = {
  'thread/archive': method(shapes['thread/archive'], async ({ threadId }, session, call) => {
    const { client } = session;
    await client.request('thread/update', { thread: threadId, archived: true });
    await client.request('thread/close', { thread: threadId });
    call.after(() => tellAll(session.server, 'thread/archived', { threadId }));
    return {};
  }),

  'thread/unarchive': method(shapes['thread/unarchive'], async ({ threadId }, session, call) => {
    const { client, server } = session;
    await updateStored(client, { thread: threadId, archived: false });
    call.after(() => tellAll(server, 'thread/unarchived', { threadId }));
    const info = (await loadedThreads(client)).get(threadId);
    return { thread: wireThread(await readThread(client, threadId, info), server, []) };
  }),

  'thread/delete': method(shapes['thread/delete'], async ({ threadId }, { client }) => {
    await client.request('thread/remove', { thread: threadId });
    return {};
  }),

  'thread/name/set': method(
    shapes['thread/name/set'],
    async ({ threadId, name }, session, call) => {
      const { client, server } = session;
      await updateStored(client, { thread: threadId, name });
      call.after(() => tellAll(server, 'thread/name/updated', { threadId, threadName: name }));
      return {};
    },
  ),

  'thread/settings/update': method(shapes['thread/settings/update'], async (params, session) => {
    const { threadId: thread } = params;
    const { changes: settings } = overridesOf(params, folderOf(session));
    await session.client.request('thread/update', { thread, settings });
    return {};
  }),

  'thread/revert': method(shapes['thread/revert'], async (params, session) => {
    const { threadId, beforeTurnId } = params;
    const read = await revert(session, threadId, beforeTurnId);
    const last = read.turns.at(-1);
    return {
      thread: wireThread(read, session.server, []),
      turnsBackwardsCursor: last?.id ?? null,
      itemsBackwardsCursor: last?.items.at(-1)?.id ?? null,
    };
  }),

  'thread/rollback': method(shapes['thread/rollback'], async ({ threadId, numTurns }, session) => {
    const { turns } = await readThread(session.client, threadId);
    const first = turns.at(-numTurns) ?? turns[0];
    if (first === undefined) throw new RpcError('invalidRequest', 'the thread has no turn');
    const read = await revert(session, threadId, first.id);
    return { thread: wireThread(read, session.server, read.turns) };
  }),

  'thread/compact/start': method(
    shapes['thread/compact/start'],
    async ({ threadId }, session, call) => {
      const { client, server } = session;
      const { status } = await loadedThread(client, threadId);
      if (status.state === 'active')
        throw new RpcError('invalidRequest', 'a turn runs: interrupt it first', {
          code: 'conflict',
        });
      call.after(() => {
        // How it ended is told with its turn.
        client
          .request('thread/compact', { thread: threadId })
          .catch((error: unknown) => server.log(String(error)));
      });
      return {};
    },
  ),
};

interface Change {
  readonly thread: string;
  readonly name?: string;
  readonly archived?: boolean;
}

/** A thread that was not loaded is not loaded afterwards. */
async function updateStored(client: Client, change: Change): Promise<void> {
  const isLoaded = (await loadedThreads(client)).has(change.thread);
  await client.request('thread/update', change);
  if (!isLoaded) await client.request('thread/close', { thread: change.thread });
}

async function revert({ client }: Session, thread: string, turn: string) {
  const { turns } = await readThread(client, thread);
  if (!turns.some(({ id }) => id === turn)) throw noTurn(turn);
  const info = await client.request('thread/revert', { thread, turn });
  return readThread(client, thread, info);
}
