import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ScriptedOptions } from '../../../../plugins/models/scripted.ts';
import type { AppServerOptions } from '../../../../plugins/front-ends/app-server.ts';
import type { Session } from '../../../../plugins/front-ends/app-server/session.ts';
import { method, startServer, type Peer, type Said } from './peer.ts';

const input = [{ type: 'text', text: 'hi' }] as const;

/** Follows a thread as it is: each event is a notification. */
const follow = method((params, session: Session, call) => {
  const { thread, after } = params as { thread: string; after?: number };
  call.after(() =>
    session.follow({ thread, after, answers: true }, (event) => session.notify(event.type, event)),
  );
});
const unfollow = method((params, session: Session) =>
  session.unfollow((params as { thread: string }).thread),
);

async function fixture(t: TestContext, model: ScriptedOptions, options: AppServerOptions = {}) {
  const running = await startServer(t, { methods: { follow, unfollow }, model, options });
  const client = running.kernel.client('test');
  const { id: thread } = await client.request('thread/start', { ephemeral: true });
  return { ...running, client, thread };
}

const typeOf = ({ params }: Said) => (params?.['item'] as { type?: string } | undefined)?.type;
const isEnd = (said: Said) => typeOf(said) === 'end';

/** Reads until the turn ends; the text of the deltas, and how many there were. */
async function readTurn(peer: Peer) {
  let [text, count] = ['', 0];
  await peer.find((said) => {
    if (said.method === 'item/delta') text += String(said.params?.['text']);
    if (said.method === 'item/delta') count++;
    return isEnd(said);
  });
  return { text, count };
}

const long = 'A sentence that is said again and again. '.repeat(15_000);

test('a client that reads nothing holds up nobody, costs no memory, and misses nothing', async (t) => {
  const turns = 10;
  const steps = Array.from({ length: turns }, () => ({ text: long }));
  const model = { steps, deltas: 200, traits: { window: 1e9 } };
  const { connect, client, thread } = await fixture(t, model);
  const [slow, quick] = [await connect().hello(), await connect().hello()];
  for (const peer of [slow, quick]) peer.send({ id: 1, method: 'follow', params: { thread } });
  await quick.find(({ id }) => id === 1);
  for (let turn = 0; turn < turns; turn++) {
    await client.request('turn/start', { thread, input });
    await quick.find(isEnd);
  }
  // Its outbox and its stream hold a message or two, and not the twelve millions that were sent to the other.
  const { readableLength, writableLength } = slow.output;
  assert.ok(readableLength + writableLength < 3_000_000, `${readableLength} and ${writableLength}`);
  for (let turn = 0; turn < turns; turn++) {
    const { params } = await slow.find((said) => typeOf(said) === 'assistant');
    assert.ok((params!['item'] as { text: string }).text === long, `the text of turn ${turn}`);
    await slow.find(isEnd);
  }
});

test('deltas come as seldom as a client wants them, merged, and every character of them', async (t) => {
  const model = { steps: [{ text: 'x'.repeat(2000) }], deltas: 200, delayMs: 1 };
  const { connect, client, thread } = await fixture(t, model);
  const batched = await connect().hello({ deltaIntervalMs: 200 });
  const whole = await connect().hello();
  for (const peer of [batched, whole]) await peer.ask(1, 'follow', { thread });
  await client.request('turn/start', { thread, input });
  const [few, many] = [await readTurn(batched), await readTurn(whole)];
  assert.deepEqual([few.text.length, many.text.length], [2000, 2000]);
  assert.ok(few.count < many.count, `${few.count} and ${many.count}`);
});

test('of what only the newest counts, a slow client gets the newest alone', async (t) => {
  const { server, connect, client, thread } = await fixture(t, { steps: [{ text: long }] });
  const peer = await connect().hello();
  await peer.ask(1, 'follow', { thread });
  await client.request('turn/start', { thread, input });
  using events = client.subscribe({ thread });
  for await (const event of events)
    if (event.type === 'item/appended' && event.item.type === 'end') break;
  for (let n = 0; n < 10_000; n++) server.broadcast('status', { n }, 'one');
  const seen: unknown[] = [];
  await peer.find(({ method: name, params }) => {
    if (name === 'status') seen.push(params?.['n']);
    return params?.['n'] === 9999;
  });
  assert.deepEqual(seen, [9999]);
});

test('a client that comes back asks for what comes after an item, and gets nothing twice', async (t) => {
  const { connect, client, thread } = await fixture(t, {
    steps: [{ text: 'one' }, { text: 'two' }],
  });
  const peer = await connect().hello();
  await peer.ask(1, 'follow', { thread });
  await client.request('turn/start', { thread, input });
  const end = await peer.find(isEnd);
  const { n } = end.params!['item'] as { n: number };
  await peer.leave();
  await client.request('turn/start', { thread, input });
  const again = await connect().hello();
  await again.ask(1, 'follow', { thread, after: n });
  const first = await again.find(({ method: name }) => name === 'item/appended');
  assert.equal((first.params!['item'] as { n: number }).n, n + 1);
  assert.equal((await readTurn(again)).text.replace('two', ''), '');
});

test('a thread that nobody follows is unloaded when it is idle, one that is followed is not', async (t) => {
  const { kernel, connect, client, thread } = await fixture(t, {}, { unloadAfterMs: 20 });
  const peer = await connect().hello();
  await peer.ask(1, 'follow', { thread });
  const closed: string[] = [];
  const next = Promise.withResolvers<void>();
  kernel.client('watch').listen((event) => {
    if (event.type === 'thread/closed') closed.push(event.thread);
    if (event.type === 'thread/closed') next.resolve();
  });
  const { id: other } = await client.request('thread/start', { ephemeral: true });
  await next.promise;
  assert.deepEqual(closed, [other]);
  peer.send({ id: 2, method: 'unfollow', params: { thread } });
  while (closed.length < 2) await new Promise(setImmediate);
  assert.deepEqual(closed, [other, thread]);
});

test('a question that the last client left open is declined in time, and its turn goes on', async (t) => {
  const { connect, client, thread } = await fixture(t, {}, { unloadAfterMs: 20 });
  const peer = await connect().hello();
  await peer.ask(1, 'follow', { thread });
  const question = { kind: 'input/ask', message: 'Well?', schema: {}, from: 'test' } as const;
  const answered = client.request('question/ask', { thread, question });
  await peer.find((said) => typeOf(said) === 'question');
  await peer.leave();
  assert.deepEqual(await answered, { by: 'app-server', decision: 'deny' });
});
