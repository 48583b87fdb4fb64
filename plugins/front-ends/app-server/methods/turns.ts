/** Turns are started, steered, interrupted; reviews are turns too. */

import type { Content, JsonSchema, Params } from '../../../../core/index.ts';
import { KernelError } from '../../../../core/index.ts';
import { userInputOf } from '../items/input.ts';
import { emptyTurn } from '../items/open-turn.ts';
import { reviewId } from '../items/review.ts';
import { threadRequests as shapes } from '../schemas/thread-requests.ts';
import { type Method, RpcError, type Session } from '../session.ts';
import type { App } from './app.ts';
import { contentsOf } from './contents.ts';
import { method } from './method.ts';
import { hasChanges, overridesOf } from './overrides.ts';
import { reviewOf } from './review.ts';
import { folderOf, loadedThread } from './thread-life.ts';
import { readThread } from './wire-thread.ts';

/** `turn/start`, `steer`, `interrupt`, `thread/queue/add`, `review/start`. */
export function turnMethods(app: App): Readonly<Record<string, Method>> {
  return {
    'turn/start': start,
    'turn/steer': steerTurn,
    'turn/interrupt': interrupt(app),
    'thread/queue/add': queue,
    'review/start': review(app),
  };
}

const start: Method = method(shapes['turn/start'], async (params, session) => {
  const { threadId: thread, clientUserMessageId, outputSchema } = params;
  const { client } = session;
  const input = await contentsOf(client, params.input);
  const overrides = overridesOf(params, folderOf(session));
  const said = { thread, input, ...clientId(clientUserMessageId) };
  const steered = await steer(session, said);
  const change = hasChanges(overrides) ? { settings: overrides.changes } : {};
  if (steered !== undefined) {
    if (hasChanges(overrides)) await client.request('thread/update', { thread, ...change });
    return { turn: emptyTurn({ id: steered, at: Date.now() }) };
  }
  const schema = outputSchema == null ? {} : { outputSchema: outputSchema as JsonSchema }; // a JSON Schema
  const { turn } = await client.request('turn/start', { ...said, ...change, ...schema });
  return { turn: emptyTurn({ id: turn, at: Date.now() }) };
});

const steerTurn: Method = method(shapes['turn/steer'], async (params, { client }) => {
  const { threadId: thread, expectedTurnId: turn, clientUserMessageId } = params;
  const input = await contentsOf(client, params.input);
  const said = { thread, turn, input, ...clientId(clientUserMessageId) };
  const { turn: turnId } = await client.request('turn/steer', said);
  return { turnId };
});

const interrupt = (app: App): Method =>
  method(shapes['turn/interrupt'], async (params, session, call) => {
    const { threadId: thread, turnId: turn } = params;
    const { client, server } = session;
    const { status } = await loadedThread(client, thread);
    if (app.endLines(thread, turn) && status.turn !== turn) return {};
    if (status.turn !== turn) {
      const running = status.turn ?? 'none';
      const message = `expected turn ${turn} to run, but it is ${running}`;
      throw new RpcError('invalidRequest', message, { code: 'conflict' });
    }
    call.after(() => {
      client
        .request('turn/interrupt', { thread, turn })
        .catch((error: unknown) => server.log(String(error)));
    });
    return {};
  });

const queue: Method = method(shapes['thread/queue/add'], async (params, { client }) => {
  const input = await contentsOf(client, params.input);
  const said = { thread: params.threadId, input, ...clientId(params.clientUserMessageId) };
  const { turn: id } = await client.request('turn/start', said);
  const clientUserMessageId = params.clientUserMessageId ?? id;
  const queued = { id, input: input.map(userInputOf), clientUserMessageId };
  return { queuedSubmission: { ...queued, responsesapiClientMetadata: null } };
});

const review = (app: App): Method =>
  method(shapes['review/start'], async (params, session) => {
    const { client } = session;
    const { label, prompt } = reviewOf(params.target);
    const thread =
      params.delivery === 'detached' ? await copyOf(session, params.threadId) : params.threadId;
    if (thread !== params.threadId) {
      const read = await readThread(client, thread);
      app.follow(session, { thread, translation: read.translation, after: read.last });
    }
    const said = { thread, input: textOf(prompt), clientId: reviewId(label) };
    const { turn } = await client.request('turn/start', said);
    return { turn: emptyTurn({ id: turn, at: Date.now() }), reviewThreadId: thread };
  });

const clientId = (id: string | null | undefined) => (id == null ? {} : { clientId: id });
const textOf = (text: string): readonly Content[] => [{ type: 'text', text }];

async function copyOf({ client }: Session, thread: string): Promise<string> {
  return (await client.request('thread/fork', { thread })).id;
}

/** Into the turn that runs; `undefined` when none does. */
async function steer({ client }: Session, said: Params<'turn/steer'>): Promise<string | undefined> {
  try {
    return (await client.request('turn/steer', said)).turn;
  } catch (error) {
    if (error instanceof KernelError && error.code === 'conflict') return undefined;
    throw error;
  }
}
