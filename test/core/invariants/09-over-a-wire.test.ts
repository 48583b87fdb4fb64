/** Invariant 9: a front end over a wire can do exactly what one in process can. */

import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';

import { errorData, models, policies, prompts, requests, tools } from '../../../core/index.ts';
import type { Client, Method, ThreadEvent } from '../../../core/index.ts';
import local from '../../../plugins/machines/local.ts';
import memory from '../../../plugins/stores/memory.ts';
import { chatter, compacting, pinsOnly } from '../support/compacting.ts';
import { replies } from '../support/model.ts';
import {
  content,
  input,
  memory as history,
  openKernel,
  plugin,
  tool,
  untilEvent,
} from '../support/thread.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';
import { overWire } from '../support/wire.ts';

/** A kernel with something for every request to do, and a client of it. */
async function open(t: TestContext, cwd: string): Promise<Client> {
  const world = plugin('world', (host) => {
    const model = replies([
      async function* () {
        for (const said of ['on', 'e']) yield { type: 'delta', kind: 'text', id: 'a', text: said };
        yield { type: 'output', output: { type: 'assistant', id: 'a', text: 'one' } };
        yield {
          type: 'done',
          stop: 'end',
          usage: { input: 9, cached: 1, output: 2, reasoning: 0 },
        };
      },
      [
        { name: 'write', id: 'w' },
        { name: 'theirs', id: 't' },
        { name: 'ask', id: 'q' },
      ],
      'two',
      [{ name: 'hang', id: 'h' }],
      'three',
    ]);
    host.add(models, model);
    host.add(prompts, history);
    host.add(
      tools,
      tool('write', async (_args, { effects, progress }) => {
        progress('writing');
        await effects.write('a', 'a');
        return content('written');
      }),
    );
    host.add(
      tools,
      tool('hang', () => new Promise(() => {})),
    );
    host.add(
      tools,
      tool('ask', async (_args, { client, call: { id, thread } }) => {
        const question = { kind: 'input/ask', message: '?', schema: {}, from: 'ask' } as const;
        const asked = await client.request('question/ask', { thread, question, call: id });
        return content(JSON.stringify(asked));
      }),
    );
    host.add(policies, {
      name: 'asking',
      judge: () => ({ verdict: 'ask', reason: 'a test', rule: 'ask', proposal: { allow: 'a' } }),
    });
    host.add(requests, {
      name: 'test/double',
      params: {},
      result: {},
      run: async (params) => ({ doubled: [params, params] }),
    });
  });
  const kernel = await openKernel(t, {
    plugins: [local(), memory(), chatter, compacting({ pins: pinsOnly }), world].map((one) => ({
      plugin: one,
    })),
    settings: {
      cwd,
      roots: [cwd],
      provider: 'test',
      sandbox: 'danger-full-access',
      clientTools: [{ name: 'theirs', description: 'theirs', inputSchema: {} }],
    },
  });
  return kernel.client('front-end');
}

/** What a front end did and saw. */
interface Account {
  readonly done: (readonly [string, unknown])[];
  readonly events: ThreadEvent[];
}

/** Does all that a client can do, and keeps every answer and event. */
async function scenario(client: Client): Promise<Account> {
  const done: (readonly [string, unknown])[] = [];
  const events: ThreadEvent[] = [];
  const request: Client['request'] = async (method, params) => {
    try {
      const result = await client.request(method, params);
      done.push([method, result]);
      return result;
    } catch (error) {
      done.push([method, errorData(error)]);
      throw error;
    }
  };
  const heard: string[] = [];
  using _listening = client.listen((event) => heard.push(event.type));
  const { id } = await request('thread/start', { name: 'a name' });
  const stream = client.subscribe({ thread: id, answers: true });
  const following = follow(client, id, stream, events);
  const ended = (count: number) => {
    let seen = 0;
    return untilEvent(client, id, (event) =>
      event.type === 'item/appended' && event.item.type === 'end' && ++seen === count
        ? event.item
        : undefined,
    );
  };
  await request('turn/start', { thread: id, input: input('first'), clientId: 'mine' });
  await ended(1);
  const { turn } = await request('turn/start', {
    thread: id,
    input: input('second'),
    settings: { effort: 'high' },
    limits: { steps: 9 },
  });
  await ended(2);
  await request('thread/compact', { thread: id, remark: 'all' });
  await request('thread/window', { thread: id });
  await request('thread/revert', { thread: id, turn });
  await request('thread/update', { thread: id, name: 'another', settings: { cwd: '/tmp' } });
  const { turn: third } = await request('turn/start', { thread: id, input: input('third') });
  await request('turn/start', { thread: id, input: input('fourth') });
  await untilEvent(client, id, (event) =>
    event.type === 'item/appended' && event.item.type === 'call' && event.item.call === 'h'
      ? true
      : undefined,
  );
  await request('turn/steer', { thread: id, turn: third, input: input('steered') });
  await request('turn/steer', { thread: id, turn: 'no', input: input('x') }).catch(() => {});
  await request('turn/interrupt', { thread: id, turn: third });
  await ended(5);
  const { id: forked } = await request('thread/fork', { thread: id, after: 12 });
  await request('thread/read', { thread: forked, after: 2, limit: 5 });
  await request('thread/list', { limit: 5 });
  await request('question/answer', { thread: id, question: 'no', answer: {} }).catch(() => {});
  await request('thread/resume', { thread: 'no-such-thread' }).catch(() => {});
  await request('kernel/describe', {});
  done.push(['call', await client.call('test/double', { a: [1, 'é', null] })]);
  await client.call('test/none', {}).catch((error: Error) => done.push(['call', error.message]));
  await request('thread/close', { thread: id });
  await following;
  await request('thread/remove', { thread: id });
  done.push(['heard', [...new Set(heard)].toSorted()]);
  return { done, events };
}

/** Answers what is asked, and keeps each event. */
async function follow(
  client: Client,
  thread: string,
  stream: AsyncIterable<ThreadEvent>,
  events: ThreadEvent[],
): Promise<void> {
  for await (const event of stream) {
    events.push(event);
    if (event.type !== 'item/appended' || event.item.type !== 'question') continue;
    const { id: question, question: asked } = event.item;
    const answer =
      asked.kind === 'approval/ask'
        ? ({ decision: 'once' } as const)
        : { value: asked.kind === 'tool/call' ? content('theirs') : { typed: 'words' } };
    await client.request('question/answer', { thread, question, answer });
  }
}

/** What must be the same: without ids, times and the number of pieces in which text came. */
function comparable({ done, events }: Account, cwd: string): unknown {
  const names = new Map<string, string>();
  const text = JSON.stringify({
    done,
    events: events.filter(({ type }) => type === 'item/appended'),
  })
    .replaceAll(cwd, 'CWD')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => {
      if (!names.has(id)) names.set(id, `id ${names.size}`);
      return names.get(id) ?? '';
    })
    .replaceAll(
      /"(at|durationMs|setupMs|createdMs|updatedMs|bytes|estimate|tokens|before|after)":[\d.]+/g,
      '"$1":0',
    );
  return JSON.parse(text);
}

suite('invariant 9: a front end over a wire can do exactly what one in process can', () => {
  test('invariant 9: the same requests, answers and events have the same results over a socket as in process', async (t) => {
    const folders = [temporaryFolder(t), temporaryFolder(t)] as const;
    const near = await scenario(await open(t, folders[0]));
    const far = await scenario(await overWire(t, await open(t, folders[1])));
    assert.deepEqual(comparable(far, folders[1]), comparable(near, folders[0]));
    const used = new Set(near.done.map(([method]) => method));
    // `question/ask` is for tools; one of them asks.
    const all: Record<Exclude<Method, 'question/ask'>, true> = {
      'thread/start': true,
      'thread/resume': true,
      'thread/fork': true,
      'thread/list': true,
      'thread/read': true,
      'thread/update': true,
      'thread/window': true,
      'thread/compact': true,
      'thread/revert': true,
      'thread/close': true,
      'thread/remove': true,
      'turn/start': true,
      'turn/steer': true,
      'turn/interrupt': true,
      'question/answer': true,
      'kernel/describe': true,
    };
    for (const method of Object.keys(all)) assert.ok(used.has(method), `${method} was not used`);
  });

  test('invariant 9: whatever the protocol gives is plain data, the same after JSON', async (t) => {
    const folder = temporaryFolder(t);
    const { done, events } = await scenario(await open(t, folder));
    for (const value of [...done, ...events])
      assert.deepEqual(withoutUndefined(value), JSON.parse(JSON.stringify(value)));
  });
});

/** What is undefined is not there, in JSON as in the protocol. Anything but plain data throws. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) {
    assert.ok(
      ['string', 'number', 'boolean', 'undefined'].includes(typeof value) || value === null,
    );
    return value;
  }
  assert.ok([Object.prototype, null].includes(Object.getPrototypeOf(value)), 'expected plain data');
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries.map(([key, one]) => [key, withoutUndefined(one)]));
}
