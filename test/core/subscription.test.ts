/** Cursors over a thread: late, slow, many. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import * as fc from 'fast-check';

import { redactors } from '../../core/index.ts';
import type { Item, ThreadEvent } from '../../core/index.ts';
import { done, text, type Reply } from './support/model.ts';
import {
  content,
  gate,
  openThread,
  plugin,
  runTurn,
  tool,
  untilEvent,
  untilIdle,
  untilItem,
} from './support/thread.ts';

/** An event as the tests compare it. */
function shown(event: ThreadEvent): string {
  if (event.type === 'item/delta') return `${event.kind} ${event.id}: ${event.text}`;
  if (event.type === 'item/appended') return `${event.item.n} ${event.item.type}`;
  return `status ${event.status.state}`;
}

/** A model that shows text when it is told to, and is done when it is told to. */
function pacedModel() {
  const [shownFirst, ends] = [gate(), gate()];
  const reply: Reply = async function* () {
    yield { type: 'delta', kind: 'reasoning', id: 'r', text: 'thinking' };
    yield { type: 'output', output: { type: 'reasoning', id: 'r', summary: ['thinking'] } };
    for (const part of ['text ', 'so ', 'far'])
      yield { type: 'delta', kind: 'text', id: 'a', text: part };
    shownFirst.resolve();
    await ends.promise;
    yield { type: 'delta', kind: 'text', id: 'a', text: ', the rest' };
    yield { type: 'output', output: text('text so far, the rest', 'a') };
    yield done();
  };
  return { reply, shownFirst, ends };
}

suite('a subscription', () => {
  test('gives deltas as they come, then the item that holds them', async (t) => {
    const { reply, ends } = pacedModel();
    ends.resolve();
    const thread = await openThread(t, { replies: [reply], remembers: false });
    const { events } = await thread.turn('go');
    const order = events.map(shown).filter((one) => !one.startsWith('status'));
    assert.deepEqual(order, [
      '1 turn',
      '2 user',
      'reasoning r: thinking',
      'text a: text ',
      'text a: so ',
      'text a: far',
      'text a: , the rest',
      '3 reasoning',
      '4 assistant',
      '5 step',
      '6 end',
    ]);
  });

  test('shows with redactors the whole of a thought before the text that follows it begins', async (t) => {
    const { reply, ends } = pacedModel();
    ends.resolve();
    const plain = plugin('plain', (host) => void host.add(redactors, (one) => one));
    const thread = await openThread(t, { replies: [reply], remembers: false, plugins: [plain] });
    const { events } = await thread.turn('go');
    const order = events.map(shown).filter((one) => /^(text|reasoning)/.test(one));
    assert.deepEqual(order.slice(0, 2), ['reasoning r: thinking', 'text a: text ']);
  });

  test('gives with redactors the same text in pieces as the item holds, the last word included', async (t) => {
    const said = 'the key is sk-12345 and no other sk-678';
    const thread = await openThread(t, {
      replies: [
        async function* () {
          for (const piece of said.match(/.{1,4}/g) ?? []) {
            yield { type: 'delta', kind: 'text', id: 'a', text: piece };
            await new Promise(setImmediate);
          }
          yield { type: 'output', output: text(said, 'a') };
          yield done();
        },
      ],
      plugins: [
        plugin('redacting', (host) => {
          host.add(redactors, (one) => one.replaceAll(/\bsk-\d+\b/g, '[key]'));
        }),
      ],
    });
    const { events, items } = await thread.turn('go');
    const pieces = events.flatMap((event) => (event.type === 'item/delta' ? [event.text] : []));
    const whole = items.flatMap((item) => (item.type === 'assistant' ? [item.text] : []));
    assert.deepEqual(whole, ['the key is [key] and no other [key]']);
    assert.equal(pieces.join(''), whole[0]);
    assert.ok(pieces.length > 3, 'it still comes in pieces');
  });

  test('that comes late gets the items, the text so far, the status with open questions, then events', async (t) => {
    const { reply, shownFirst, ends } = pacedModel();
    const thread = await openThread(t, { replies: [reply], remembers: false });
    const { client, id } = thread;
    using _answering = client.subscribe({ thread: id, answers: true });
    await thread.start('go');
    await shownFirst.promise;
    const question = { kind: 'input/ask', message: 'well?', schema: {}, from: 'test' } as const;
    const asked = client.request('question/ask', { thread: id, question });
    await untilItem(client, id, 'question');
    const seen: ThreadEvent[] = [];
    let isAnswered = false;
    for await (const event of client.subscribe({ thread: id, after: 0 })) {
      seen.push(event);
      if (event.type === 'thread/status' && !isAnswered) {
        isAnswered = true;
        const [open] = event.status.questions;
        assert.deepEqual(open?.question, question);
        await client.request('question/answer', {
          thread: id,
          question: open?.id ?? '',
          answer: { value: 'yes' },
        });
        ends.resolve();
      }
      if (event.type === 'item/appended' && event.item.type === 'end') break;
    }
    assert.equal((await asked).value, 'yes');
    const order = seen.map(shown);
    assert.deepEqual(order.slice(0, 6), [
      '1 turn',
      '2 user',
      '3 question',
      'reasoning r: thinking',
      'text a: text so far',
      'status active',
    ]);
    assert.ok(order.includes('text a: , the rest'), 'then as it comes, without what it had');
  });

  test('after ordinal N gives what comes after N, without a gap, wherever N is', async (t) => {
    const thread = await openThread(t, {
      replies: [[{ name: 'echo' }, { name: 'echo' }], 'one', 'two'],
      tools: [tool('echo', () => content('echo'))],
    });
    await thread.turn('first');
    await thread.turn('second');
    const all = await thread.items();
    const after = fc.integer({ min: -1, max: all.length - 1 });
    await fc.assert(
      fc.asyncProperty(after, async (n) => {
        const got: Item[] = [];
        for await (const event of thread.client.subscribe({ thread: thread.id, after: n })) {
          if (event.type === 'thread/status') break; // the first comes after what was there
          if (event.type === 'item/appended') got.push(event.item);
        }
        assert.deepEqual(got, all.slice(n + 1));
      }),
      { numRuns: 30 },
    );
  });

  test('that nobody reads holds a place, not a queue: it gets every item, and deltas merged or not at all', async (t) => {
    const count = 20_000;
    const [read, ends] = [gate(), gate()];
    const reply: Reply = async function* () {
      for (let at = 0; at < count; at++)
        yield { type: 'delta', kind: 'text', id: 'a', text: `${at} ` };
      read.resolve();
      await ends.promise;
      yield { type: 'output', output: text('whole', 'a') };
      yield done();
    };
    const thread = await openThread(t, { replies: [reply, 'two'] });
    const slow = thread.client.subscribe({ thread: thread.id });
    await thread.start('first');
    await read.promise;
    const merged = thread.client.subscribe({ thread: thread.id });
    const seen: ThreadEvent[] = [];
    for await (const event of merged) {
      seen.push(event);
      if (event.type === 'thread/status') break;
    }
    const deltas = seen.filter((event) => event.type === 'item/delta');
    const whole = Array.from({ length: count }, (_, at) => `${at} `).join('');
    assert.deepEqual(
      deltas.map((event) => event.text),
      [whole],
      'one delta',
    );
    ends.resolve();
    await untilIdle(thread.client, thread.id);
    await thread.turn('second');
    const all: ThreadEvent[] = [];
    for await (const event of slow) {
      all.push(event);
      if (event.type === 'thread/status') break;
    }
    const items = all.flatMap((event) => (event.type === 'item/appended' ? [event.item] : []));
    assert.deepEqual(items, await thread.items());
    assert.ok(all.length <= items.length + 2, `expected no old deltas, got ${all.length} events`);
  });

  test('keeps of an open text without end only its last part', async (t) => {
    const [read, ends] = [gate(), gate()];
    const chunk = 'x'.repeat(100_000);
    const thread = await openThread(t, {
      replies: [[{ name: 'talk' }]],
      tools: [
        tool('talk', async (_args, { progress }) => {
          for (let at = 0; at < 50; at++) progress(chunk);
          progress('the end');
          read.resolve();
          await ends.promise;
          return content('done');
        }),
      ],
    });
    await thread.start('go');
    await read.promise;
    const late = await untilEvent(thread.client, thread.id, (event) =>
      event.type === 'item/delta' && event.kind === 'output' ? event : undefined,
    );
    ends.resolve();
    assert.ok(late.text.endsWith('the end'));
    assert.ok(late.text.length <= 1_100_000, `expected about a million, got ${late.text.length}`);
    assert.equal(late.name, 'talk');
    await untilIdle(thread.client, thread.id);
  });

  test('gives the output of a tool under the id of its call, which the result closes', async (t) => {
    const thread = await openThread(t, {
      replies: [[{ name: 'talk', id: 'the-call' }]],
      tools: [
        tool('talk', (_args, { progress }) => {
          progress('one ');
          progress('two');
          return content('done');
        }),
      ],
    });
    const { events } = await thread.turn('go');
    const order = events.map(shown).filter((one) => /output|result/.test(one));
    assert.match(order.join(), /^output the-call: one (two)?,(output the-call: two,)?\d+ result$/);
  });

  test('ends with its thread, when it is left, and when it is disposed of; others go on', async (t) => {
    const thread = await openThread(t, { replies: ['one'] });
    const { client, id } = thread;
    const [left, disposed, closed] = [1, 2, 3].map(() => client.subscribe({ thread: id }));
    assert.ok(left && disposed && closed);
    for await (const _event of left) break;
    disposed[Symbol.dispose]();
    for await (const event of disposed) assert.fail(`expected nothing, got ${event.type}`);
    await thread.turn('go');
    await client.request('thread/close', { thread: id });
    const seen: string[] = [];
    for await (const event of closed) seen.push(shown(event));
    assert.equal(seen.at(-1), 'status closed');
    assert.ok(seen.some((one) => one.endsWith('end')));
    assert.throws(() => client.subscribe({ thread: id }), { code: 'not_found', message: /resume/ });
  });

  test('many see the same items in the same order', async (t) => {
    const thread = await openThread(t, {
      replies: [[{ name: 'echo' }], 'one'],
      tools: [tool('echo', () => content('echo'))],
    });
    const read = async () => {
      const items: Item[] = [];
      for await (const event of thread.client.subscribe({ thread: thread.id })) {
        if (event.type === 'item/appended') items.push(event.item);
        if (event.type === 'item/appended' && event.item.type === 'end') break;
      }
      return items;
    };
    const readers = Array.from({ length: 5 }, read);
    await runTurn(thread.client, thread.id, 'go');
    const all = await Promise.all(readers);
    for (const items of all) assert.deepEqual(items, await thread.items());
  });
});

suite('a listener', () => {
  test('hears threads start, their status and their end, and no items', async (t) => {
    const thread = await openThread(t, { replies: ['one'] });
    const heard: string[] = [];
    const listening = thread.client.listen((event) =>
      heard.push(event.type === 'thread/status' ? `status ${event.status.state}` : event.type),
    );
    const { id } = await thread.client.request('thread/start', { ephemeral: true });
    await runTurn(thread.client, id, 'go');
    await untilIdle(thread.client, id);
    await thread.client.request('thread/remove', { thread: id });
    listening[Symbol.dispose]();
    await thread.turn('unheard');
    const order = heard.filter((one, at) => one !== heard[at - 1]);
    assert.deepEqual(order, [
      'thread/started',
      'status active',
      'status idle',
      'status closed',
      'thread/closed',
      'thread/removed',
    ]);
  });
});
