/** Turns: steering, queued input, limits, overrides of settings, hooks around them. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { aroundTurn, compactors, ModelError, observers, prompts } from '../../core/index.ts';
import type { Content, Item, Limits, Settings } from '../../core/index.ts';
import { compacting, pinsOnly } from './support/compacting.ts';
import { done, partsOf, replies, saidIn, text, type Reply } from './support/model.ts';
import {
  content,
  gate,
  input,
  openThread,
  plugin,
  tool,
  typesOf,
  untilIdle,
  untilItem,
  type TestThread,
  type ThreadOptions,
} from './support/thread.ts';

/** A thread whose first call waits until the test lets it go. */
async function waiting(
  t: Parameters<typeof openThread>[0],
  options: ThreadOptions = {},
): Promise<{ readonly thread: TestThread; readonly go: () => void }> {
  const { promise, resolve } = gate();
  const wait = tool('wait', () => promise.then(() => content('waited')));
  const thread = await openThread(t, {
    replies: [[{ name: 'wait' }], 'one', 'two', 'three'],
    ...options,
    tools: [wait, ...(options.tools ?? [])],
  });
  return { thread, go: resolve };
}

const users = (items: readonly Item[]) =>
  items.flatMap((item) => (item.type === 'user' ? [[item.how, ...textsOf(item.content)]] : []));
const textsOf = (said: readonly Content[]) =>
  said.flatMap((one) => (one.type === 'text' ? [one.text] : []));

suite('a turn', () => {
  test('answers its request before its first item, and writes its items in order', async (t) => {
    const order: string[] = [];
    const thread = await openThread(t, {
      remembers: false,
      replies: [[{ name: 'echo' }], 'ok'],
      tools: [tool('echo', () => content('echo'))],
      plugins: [
        plugin('observing', (host) => {
          host.add(observers, (event) => {
            if (event.type === 'item/appended') order.push(event.item.type);
          });
        }),
      ],
    });
    await thread.start('go').then(() => order.push('(answered)'));
    await untilIdle(thread.client, thread.id);
    assert.deepEqual(order, [
      '(answered)',
      'turn',
      'tools',
      'user',
      'call',
      'step',
      'result',
      'assistant',
      'step',
      'end',
    ]);
  });

  test('is over when its end is seen: the next one need not wait', async (t) => {
    const thread = await openThread(t, { replies: ['one', 'two'] });
    const { client, id } = thread;
    const queued: boolean[] = [];
    const events = client.subscribe({ thread: id });
    await thread.start('first');
    for await (const event of events) {
      if (event.type !== 'item/appended' || event.item.type !== 'end') continue;
      if (queued.length > 0) break;
      const next = await client.request('turn/start', { thread: id, input: input('second') });
      queued.push(next.queued);
    }
    assert.deepEqual(queued, [false]);
  });

  for (const [what, more] of Object.entries({
    'has no model': { settings: { provider: 'nobody' } },
    'was interrupted before its first step': { isInterrupted: true },
  } satisfies Record<string, { settings?: Partial<Settings>; isInterrupted?: boolean }>)) {
    test(`that ${what} has what the user said all the same`, async (t) => {
      const [asked, goOn] = [gate(), gate()];
      const isInterrupted = 'isInterrupted' in more;
      const thread = await openThread(t, {
        plugins: [
          plugin('slow', (host) => {
            host.add(prompts, {
              name: 'slow',
              stability: 'fixed',
              read: async () => {
                asked.resolve();
                if (isInterrupted) await goOn.promise;
                return [];
              },
            });
          }),
        ],
      });
      await thread.start('what I typed', 'settings' in more ? { settings: more.settings } : {});
      if (isInterrupted) {
        await asked.promise;
        await thread.client.request('turn/interrupt', { thread: thread.id });
      }
      await untilItem(thread.client, thread.id, 'end');
      assert.deepEqual(users(await thread.items()), [['start', 'what I typed']]);
    });
  }

  test('stamps each of its items with its id, and times that never go back', async (t) => {
    const thread = await openThread(t, { replies: ['ok', 'ok'] });
    const first = await thread.turn('first');
    const second = await thread.turn('second');
    for (const { items, end } of [first, second])
      for (const { turn } of items) assert.equal(turn, end.id);
    const times = (await thread.items()).map(({ at }) => at);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  });

  test('needs input', async (t) => {
    const { client, id } = await openThread(t);
    await assert.rejects(client.request('turn/start', { thread: id, input: [] }), {
      code: 'invalid',
      message: /expected input/,
    });
  });
});

suite('steering', () => {
  test('adds input to the running turn, which the next step sees, after the results', async (t) => {
    const { thread, go } = await waiting(t);
    const turn = await thread.start('go');
    await untilItem(thread.client, thread.id, 'call');
    const steer = { thread: thread.id, turn, input: input('faster'), clientId: 'mine' };
    assert.deepEqual(await thread.client.request('turn/steer', steer), { turn });
    assert.deepEqual(users(await thread.items()), [['start', 'go']], 'not before its place');
    go();
    await untilIdle(thread.client, thread.id);
    assert.deepEqual(saidIn(partsOf(thread.model.requests[1])), [
      'user: go',
      'call: wait',
      'result: waited',
      'user: faster',
    ]);
    const steered = (await thread.items()).findLast((item) => item.type === 'user');
    assert.deepEqual([steered?.how, steered?.clientId, steered?.turn], ['steer', 'mine', turn]);
    assert.equal(typesOf(await thread.items()).filter((type) => type === 'turn').length, 1);
  });

  test('during the last answer makes the turn go on with another step', async (t) => {
    const [answering, ends] = [gate(), gate()];
    const reply: Reply = async function* () {
      answering.resolve();
      await ends.promise;
      yield { type: 'output', output: text('done') };
      yield done();
    };
    const thread = await openThread(t, { replies: [reply, 'and more'] });
    await thread.start('go');
    await answering.promise;
    await thread.client.request('turn/steer', { thread: thread.id, input: input('more') });
    ends.resolve();
    await untilIdle(thread.client, thread.id);
    const said = saidIn(
      (await thread.items()).filter((item) => item.type === 'user' || item.type === 'assistant'),
    );
    assert.deepEqual(said, ['user: go', 'assistant: done', 'user: more', 'assistant: and more']);
    assert.equal(typesOf(await thread.items()).filter((type) => type === 'turn').length, 1);
  });

  test('that a turn has not taken when it is interrupted ends with it: no turn starts, its client still has it', async (t) => {
    const { thread } = await waiting(t);
    await thread.start('go');
    await untilItem(thread.client, thread.id, 'call');
    await thread.client.request('turn/steer', { thread: thread.id, input: input('unheard') });
    await thread.client.request('turn/interrupt', { thread: thread.id });
    await untilIdle(thread.client, thread.id);
    const items = await thread.items();
    assert.deepEqual(users(items), [['start', 'go']]);
    assert.deepEqual(
      items.flatMap((item) => (item.type === 'end' ? [item.status] : [])),
      ['interrupted'],
    );
  });

  test('that comes too late for its turn is not lost: it is the next turn', async (t) => {
    const [ending, ends] = [gate(), gate()];
    const thread = await openThread(t, {
      replies: ['one', 'two'],
      plugins: [
        plugin('lingering', (host) => {
          let turns = 0;
          host.add(aroundTurn, async (_context, next) => {
            const outcome = await next();
            if (++turns > 1) return outcome;
            ending.resolve();
            await ends.promise;
            return outcome;
          });
        }),
      ],
    });
    await thread.start('go');
    await ending.promise;
    await thread.client.request('turn/steer', { thread: thread.id, input: input('late') });
    ends.resolve();
    await untilIdle(thread.client, thread.id);
    assert.deepEqual(users(await thread.items()), [
      ['start', 'go'],
      ['queue', 'late'],
    ]);
    assert.equal(typesOf(await thread.items()).filter((type) => type === 'end').length, 2);
  });

  test('is a conflict when no turn runs, or another', async (t) => {
    const { thread, go } = await waiting(t);
    const { client, id } = thread;
    const steer = (turn?: string) =>
      client.request('turn/steer', { thread: id, turn, input: input('x') });
    await assert.rejects(steer(), { code: 'conflict', message: /a turn to run, but it is none/ });
    const turn = await thread.start('go');
    await assert.rejects(steer('another'), {
      code: 'conflict',
      message: `expected another to run, but it is ${turn}`,
    });
    go();
    await untilIdle(client, id);
  });
});

suite('input while a turn runs', () => {
  test('waits, and its turns run in the order in which they were asked for', async (t) => {
    const { thread, go } = await waiting(t);
    const { client, id } = thread;
    const first = await client.request('turn/start', { thread: id, input: input('first') });
    const second = await client.request('turn/start', { thread: id, input: input('second') });
    const third = await client.request('turn/start', {
      thread: id,
      input: input('third'),
      settings: { effort: 'high' },
    });
    assert.deepEqual([first.queued, second.queued, third.queued], [false, true, true]);
    const { status } = await client.request('thread/update', { thread: id });
    assert.deepEqual([status.state, status.turn, status.queued], ['active', first.turn, 2]);
    go();
    await untilIdle(client, id);
    assert.deepEqual(users(await thread.items()), [
      ['start', 'first'],
      ['queue', 'second'],
      ['queue', 'third'],
    ]);
    const turns = (await thread.items()).flatMap((item) => (item.type === 'turn' ? [item.id] : []));
    assert.deepEqual(turns, [first.turn, second.turn, third.turn]);
    assert.deepEqual(
      thread.model.requests.map(({ settings }) => settings.effort),
      [undefined, undefined, undefined, 'high'],
    );
  });

  test('outlives an interrupt of the turn that it waits for', async (t) => {
    const { thread } = await waiting(t);
    await thread.start('first');
    await untilItem(thread.client, thread.id, 'call');
    await thread.start('second');
    await thread.client.request('turn/interrupt', { thread: thread.id });
    await untilIdle(thread.client, thread.id);
    const ends = (await thread.items()).flatMap((item) =>
      item.type === 'end' ? [item.status] : [],
    );
    assert.deepEqual(ends, ['interrupted', 'completed']);
  });
});

const calling: Reply = async function* () {
  const id = crypto.randomUUID();
  yield { type: 'output', output: { type: 'call', id, call: id, name: 'echo', args: '' } };
  yield done({ input: 60, output: 40 });
};

const endless = (): ThreadOptions => ({
  replies: Array.from({ length: 50 }, () => calling),
  tools: [tool('echo', () => content('echo'))],
});

suite('a limit', () => {
  const cases: readonly (readonly [Limits, keyof Limits, number])[] = [
    [{ steps: 3 }, 'steps', 3],
    [{ steps: 1 }, 'steps', 1],
    [{ tokens: 250 }, 'tokens', 3],
    [{ tokens: 100, steps: 9 }, 'tokens', 1],
  ];
  for (const [limits, limit, steps] of cases) {
    test(`of ${JSON.stringify(limits)} ends the turn after ${steps} steps, with every call answered`, async (t) => {
      const thread = await openThread(t, endless());
      const { end, items } = await thread.turn('go', { limits });
      assert.deepEqual([end.status, end.limit, end.error?.code], ['limit', limit, 'timeout']);
      assert.match(end.error?.message ?? '', new RegExp(`its limit: ${limit} ${limits[limit]}`));
      assert.equal(thread.model.requests.length, steps);
      const count = (type: Item['type']) => items.filter((item) => item.type === type).length;
      assert.equal(count('result'), count('call'));
    });
  }

  test('of tokens counts what a call spent elsewhere', async (t) => {
    const spend = tool('echo', () => ({ ...content('spent'), detail: { tokens: 900 } }));
    const thread = await openThread(t, { ...endless(), tools: [spend] });
    const { end } = await thread.turn('go', { limits: { tokens: 1000 } });
    assert.deepEqual([end.limit, thread.model.requests.length], ['tokens', 1]);
  });

  test('of time ends a turn that hangs', async (t) => {
    const thread = await openThread(t, {
      replies: [[{ name: 'hang' }], 'next'],
      tools: [tool('hang', () => new Promise(() => {}))],
    });
    const { end, results } = await thread.turn('go', { limits: { timeoutMs: 20 } });
    assert.deepEqual([end.status, end.limit], ['limit', 'timeoutMs']);
    assert.match(end.error?.message ?? '', /its limit: timeoutMs 20/);
    assert.equal(results.length, 1);
    assert.equal((await thread.turn('again')).end.status, 'completed');
  });

  test('of the kernel holds for every turn, and a turn may have others', async (t) => {
    const thread = await openThread(t, { ...endless(), limits: { steps: 2, tokens: 1000 } });
    const first = await thread.turn('go');
    assert.equal(first.end.limit, 'steps');
    const second = await thread.turn('go', { limits: { steps: 100 } });
    assert.deepEqual([second.end.limit, thread.model.requests.length], ['tokens', 12]);
  });

  test('is written with the turn', async (t) => {
    const thread = await openThread(t, { replies: ['ok'] });
    const { items } = await thread.turn('go', {
      limits: { steps: 7 },
      outputSchema: { type: 'object' },
    });
    const [turn] = items.filter((item) => item.type === 'turn');
    assert.deepEqual([turn?.limits, turn?.outputSchema], [{ steps: 7 }, { type: 'object' }]);
    assert.deepEqual(thread.model.requests[0]?.outputSchema, { type: 'object' });
  });
});

const seen = (thread: TestThread) => thread.model.requests.map(({ settings }) => settings);

suite('settings', () => {
  test('overridden with a turn stick, and are an item', async (t) => {
    const thread = await openThread(t, { replies: ['one', 'two', 'three'] });
    await thread.turn('first');
    const { items } = await thread.turn('second', { settings: { effort: 'high', network: true } });
    await thread.turn('third');
    assert.deepEqual(typesOf(items).slice(0, 2), ['settings', 'turn']);
    assert.deepEqual(items[0]?.type === 'settings' && items[0].changes, {
      effort: 'high',
      network: true,
    });
    assert.deepEqual(
      seen(thread).map(({ effort, network }) => [effort, network]),
      [
        [undefined, false],
        ['high', true],
        ['high', true],
      ],
    );
  });

  test('overridden between turns stick as well, and are given back', async (t) => {
    const thread = await openThread(t, { replies: ['one'] });
    const settings = { model: 'large', instructions: 'be brief' };
    const info = await thread.client.request('thread/update', { thread: thread.id, settings });
    assert.deepEqual([info.settings.model, info.settings.instructions], ['large', 'be brief']);
    await thread.turn('go');
    assert.equal(seen(thread)[0]?.model, 'large');
  });

  test('a new cwd takes the place of the old one among the roots, and others stay', async (t) => {
    const thread = await openThread(t);
    const { cwd } = thread;
    const update = async (settings: Partial<Settings>) =>
      (await thread.client.request('thread/update', { thread: thread.id, settings })).settings;
    const other = join(cwd, 'other');
    assert.deepEqual((await update({ roots: [cwd, '/tmp'] })).roots, [cwd, '/tmp']);
    assert.deepEqual((await update({ cwd: other })).roots, [other, '/tmp']);
    assert.deepEqual((await update({ cwd: other })).roots, [other, '/tmp'], 'but once');
    assert.deepEqual(
      (await update({ cwd, roots: [other] })).roots,
      [other],
      'unless they are given',
    );
  });

  test('of a new thread are those of the kernel, with what is given over them', async (t) => {
    const { client, cwd } = await openThread(t, { settings: { effort: 'low' } });
    const { settings } = await client.request('thread/start', {
      ephemeral: true,
      settings: { model: 'large' },
    });
    assert.deepEqual(settings, {
      provider: 'test',
      sandbox: 'danger-full-access',
      approval: 'never',
      network: false,
      cwd,
      roots: [cwd],
      effort: 'low',
      model: 'large',
    });
  });

  test('that name an unknown provider fail the turn, and say which there are', async (t) => {
    const thread = await openThread(t);
    const { end } = await thread.turn('go', { settings: { provider: 'nobody' } });
    assert.equal(end.error?.code, 'model_config');
    assert.match(end.error?.message ?? '', /no model provider "nobody"; there are: test/);
  });
});

suite('a hook around the turn', () => {
  test('may let it go on with more input, and sees how it went', async (t) => {
    const outcomes: unknown[] = [];
    const thread = await openThread(t, {
      replies: ['one', 'two'],
      plugins: [
        plugin('hooking', (host) => {
          host.add(aroundTurn, async (context, next) => {
            outcomes.push(textsOf(context.input), await next(input('and a hint')));
            const last = await next(input('are you sure?'));
            outcomes.push(last);
            return last;
          });
        }),
      ],
    });
    const { items } = await thread.turn('go');
    assert.deepEqual(outcomes, [
      ['go'],
      { status: 'completed', text: 'one' },
      { status: 'completed', text: 'two' },
    ]);
    assert.deepEqual(users(items), [
      ['start', 'go', 'and a hint'],
      ['steer', 'are you sure?'],
    ]);
  });

  test('sees the text of what the model said last, over all steps', async (t) => {
    let said = '';
    const thread = await openThread(t, {
      replies: [[{ name: 'echo' }], 'the answer'],
      tools: [tool('echo', () => content('echo'))],
      plugins: [
        plugin('hooking', (host) => {
          host.add(aroundTurn, async (_context, next) => {
            const outcome = await next();
            said = outcome.text;
            return outcome;
          });
        }),
      ],
    });
    await thread.turn('go');
    assert.equal(said, 'the answer');
  });
});

const refuse: Reply = async function* () {
  yield { type: 'delta', kind: 'text', id: 'a', text: 'x' };
  throw new ModelError('model_context', 'too long');
};

suite('a window that is too full', () => {
  const filler = plugin('filler', (host) => {
    host.add(prompts, {
      name: 'filler',
      stability: 'thread',
      read: () => [{ text: 'filler '.repeat(100), role: 'user', source: 'test' }],
    });
  });

  test('is compacted before the request, and the turn goes on', async (t) => {
    const model = replies(['one', 'two', 'three', 'four'], {
      traits: { window: 2000, output: 100 },
    });
    const thread = await openThread(t, {
      model,
      plugins: [filler, compacting({ pins: pinsOnly })],
    });
    for (const said of ['1', '2', '3', '4', '5', '6', '7', '8', '9']) {
      const { end } = await thread.turn(said);
      assert.equal(end.status, 'completed');
    }
    const moves = (await thread.items()).filter((item) => item.type === 'window');
    assert.ok(moves.length > 0, 'it was compacted');
    for (const { reason, before, after } of moves) {
      assert.equal(reason, 'compaction');
      assert.ok(after < before);
    }
    for (const { parts } of model.requests) {
      const tokens = parts.reduce((sum, part) => sum + part.text.length / 4, 0);
      assert.ok(tokens < 2000, `expected a request of less than 2000 tokens, got ${tokens}`);
    }
  });

  test('that the provider refuses is compacted, and asked once more', async (t) => {
    const jobs: string[] = [];
    const thread = await openThread(t, {
      replies: [refuse, 'fine', refuse, refuse],
      plugins: [
        filler,
        compacting({
          pins: (job, next) => {
            jobs.push(job.reason);
            return pinsOnly(job, next);
          },
        }),
      ],
    });
    const { end } = await thread.turn('go');
    assert.deepEqual([end.status, jobs], ['completed', ['refused']]);
    const again = await thread.turn('again');
    assert.deepEqual([again.end.status, again.end.error?.code], ['failed', 'model_context']);
  });

  test('is compacted by the first in the chain, which may pass the job on', async (t) => {
    const thread = await openThread(t, {
      replies: ['one', 'two'],
      plugins: [
        filler,
        compacting({
          outer: async (job, next) => {
            assert.equal(job.remark, 'keep the names');
            return next({ ...job, target: 1 });
          },
          inner: (job, next) => {
            assert.equal(job.target, 1);
            return pinsOnly(job, next);
          },
        }),
      ],
    });
    await thread.turn('first');
    await thread.turn('second');
    const { client, id } = thread;
    const { before, after } = await client.request('thread/compact', {
      thread: id,
      remark: 'keep the names',
    });
    assert.ok(after < before);
    const move = (await thread.items()).findLast((item) => item.type === 'window');
    assert.equal(move?.by, 'inner');
  });

  test('is not compacted while a turn runs', async (t) => {
    const { thread, go } = await waiting(t, {
      plugins: [
        plugin('none', (host) => void host.add(compactors, { name: 'none', compact: pinsOnly })),
      ],
    });
    await thread.start('go');
    await assert.rejects(thread.client.request('thread/compact', { thread: thread.id }), {
      code: 'conflict',
    });
    go();
    await untilIdle(thread.client, thread.id);
  });
});
