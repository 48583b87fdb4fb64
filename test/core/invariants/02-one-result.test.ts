/**
 * Invariant 2: every call has exactly one result whatever happens: denied, thrown, interrupted, killed. On resume, open
 * calls and questions are closed.
 */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import * as fc from 'fast-check';

import {
  aroundTool,
  machines,
  type CallItem,
  type Item,
  type ResultItem,
} from '../../../core/index.ts';
import { call, done, saidIn } from '../support/model.ts';
import { runAndKill } from '../support/killed.ts';
import {
  content,
  gate,
  openKernel,
  openThread,
  plugin,
  runTurn,
  textOfResult,
  tool,
  untilEvent,
  untilIdle,
  type ThreadOptions,
} from '../support/thread.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';
import { worldOf } from '../support/world.ts';

/** What each call must come to: the name, the arguments, and what its result says. */
const fates = [
  { name: 'fine', args: {}, says: /^fine$/, isError: false },
  { name: 'failing', args: {}, says: /^it failed$/, isError: true },
  { name: 'throwing', args: {}, says: /^it threw$/, isError: true },
  { name: 'odd', args: {}, says: /^a string$/, isError: true },
  {
    name: 'denied',
    args: {},
    says: /^denied: no writing here \(rule: no writes\)$/,
    isError: true,
  },
  { name: 'killed', args: {}, says: /^killed by SIGKILL$/, isError: false },
  { name: 'missing', args: {}, says: /there is no tool "missing"; there are: /, isError: true },
  { name: 'fine', args: '{"broken', says: /no valid JSON/, isError: true },
  { name: 'fine', args: '[1]', says: /no object/, isError: true },
  { name: 'fine', args: '', says: /^fine$/, isError: false },
  { name: 'wrapped', args: {}, says: /^the wrapper threw$/, isError: true },
] as const;

const options: ThreadOptions = {
  tools: [
    tool('fine', () => content('fine'), { annotations: { readOnlyHint: true } }),
    tool('failing', () => ({ ...content('it failed'), isError: true })),
    tool('throwing', () => {
      throw new Error('it threw');
    }),
    tool('odd', () => {
      throw 'a string'; // plugins do such things
    }),
    tool('denied', async (_args, { effects }) => {
      await effects.write('x', 'x');
      return content('written');
    }),
    tool('killed', async (_args, { effects }) => {
      const child = await effects.spawn({ argv: ['sleep', '60'] });
      child.kill('SIGKILL');
      return content(`killed by ${(await child.exited).signal}`);
    }),
    tool('wrapped', () => content('not reached')),
    tool('hanging', () => new Promise(() => {})),
  ],
  policy: ({ kind }) =>
    kind === 'write'
      ? { verdict: 'deny', reason: 'no writing here', rule: 'no writes' }
      : { verdict: 'allow', reason: 'a test', rule: 'all' },
  plugins: [
    plugin('wrapper', (host) => {
      host.add(aroundTool, (one, _context, next) => {
        if (one.name === 'wrapped') throw new Error('the wrapper threw');
        return next(one);
      });
    }),
  ],
};

suite('invariant 2: every call has exactly one result whatever happens', () => {
  for (const { name, args, says, isError } of fates) {
    test(`invariant 2: a call of ${name} with ${JSON.stringify(args)} has one result, ${says}`, async (t) => {
      const thread = await openThread(t, { ...options, replies: [[{ name, args }], 'done'] });
      const { items, end, results } = await thread.turn('go');
      assertPaired(items);
      assert.equal(results.length, 1);
      assert.match(textOfResult(results[0]), says);
      assert.equal(results[0]?.isError, isError);
      assert.equal(end.status, 'completed');
    });
  }

  for (const shape of [undefined, {}, { content: 'text' }]) {
    test(`invariant 2: a tool that gives ${JSON.stringify(shape)} has an error result`, async (t) => {
      const thread = await openThread(t, {
        // A plugin in JavaScript may give anything.
        tools: [tool('shapeless', () => shape as never)],
        replies: [[{ name: 'shapeless' }], 'done'],
      });
      const { items, end, results } = await thread.turn('go');
      assertPaired(items);
      assert.equal(results[0]?.isError, true);
      assert.equal(end.status, 'completed');
    });
  }

  test('invariant 2: an error result holds the message, not the stack', async (t) => {
    const thread = await openThread(t, { ...options, replies: [[{ name: 'throwing' }]] });
    const { results } = await thread.turn('go');
    assert.equal(textOfResult(results[0]), 'it threw');
  });

  test('invariant 2: calls of whatever fate, in whatever number and with ids used twice, have one result each, in order', async (t) => {
    const ids = fc.constantFrom('a', 'b', '', undefined);
    const answers = fc.array(
      fc.array(fc.record({ fate: fc.constantFrom(...fates), id: ids }), { maxLength: 4 }),
      { maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(answers, async (made) => {
        const replies = made.map((calls) => calls.map(({ fate, id }) => ({ ...fate, id })));
        const thread = await openThread(t, { ...options, replies: [...replies, 'done'] });
        const { items, results } = await thread.turn('go');
        assertPaired(items);
        const until = made.findIndex((calls) => calls.length === 0);
        const due = (until === -1 ? made : made.slice(0, until)).flat();
        assert.equal(results.length, due.length);
        due.forEach(({ fate }, at) => assert.match(textOfResult(results[at]), fate.says));
        await thread.kernel[Symbol.asyncDispose]();
      }),
      { numRuns: 40 },
    );
  });

  test('invariant 2: an interrupt closes the call that hangs and those behind it, each once', async (t) => {
    const calls = ['fine', 'hanging', 'fine', 'denied'].map((name) => ({ name }));
    const thread = await openThread(t, { ...options, replies: [calls] });
    await thread.start('go');
    await untilEvent(thread.client, thread.id, (event) =>
      event.type === 'item/appended' && event.item.type === 'result' ? true : undefined,
    );
    await thread.client.request('turn/interrupt', { thread: thread.id });
    const items = await thread.items();
    assertPaired(items);
    const results = items.filter((item) => item.type === 'result').map(textOfResult);
    assert.deepEqual(results.slice(0, 2), ['fine', 'hanging was interrupted']);
    for (const result of results.slice(2)) assert.match(result, /^not run: .*interrupted/);
    assert.equal(items.at(-1)?.type, 'end', 'the results come before the end');
  });

  test('invariant 2: a call whose process cannot be ended has its result before the end of the turn', async (t) => {
    const started = gate();
    const thread = await openThread(t, {
      replies: [[{ name: 'spawn' }]],
      choose: { machines: 'unreachable' },
      tools: [
        tool('spawn', async (_args, { effects }) => {
          const child = await effects.spawn({ argv: ['true'] });
          started.resolve();
          await child.exited;
          return content('exited');
        }),
      ],
      plugins: [
        plugin('unreachable', (host) => {
          const [inner] = host.get(machines);
          if (inner === undefined) throw new Error('expected the local machine');
          const lost = { write: async () => {}, end: () => {}, kill: () => {}, keep: () => {} };
          host.add(machines, {
            ...inner,
            name: 'unreachable',
            spawn: async () => ({ ...lost, exited: new Promise(() => {}) }),
          });
        }),
      ],
    });
    await thread.start('go');
    await started.promise;
    await thread.client.request('turn/interrupt', { thread: thread.id });
    const items = await thread.items();
    assertPaired(items);
    assert.equal(items.at(-1)?.type, 'end');
  });

  test('invariant 2: calls of an answer that was cut never run, and are no items', async (t) => {
    let runs = 0;
    const thread = await openThread(t, {
      tools: [tool('count', () => content(String(++runs)))],
      replies: [
        async function* () {
          yield { type: 'output', output: call({ name: 'count' }) };
          yield { type: 'delta', kind: 'args', id: 'half', text: '{"a', name: 'count' };
        },
        async function* () {
          yield { type: 'output', output: call({ name: 'count' }) };
          yield { ...done(), stop: 'length' } as const;
        },
      ],
    });
    const cut = await thread.turn('go');
    assert.equal(cut.end.error?.code, 'model_busy');
    assert.ok(cut.items.some((item) => item.type === 'discarded' && item.id === 'half'));
    const full = await thread.turn('again');
    assert.equal(full.end.error?.code, 'model_answer');
    assert.equal(runs, 0);
    assert.deepEqual(
      (await thread.items()).filter(({ type }) => type === 'call'),
      [],
    );
  });

  test('invariant 2: after kill −9 in mid-call, a resume closes the call, the question and the turn, once', async (t) => {
    const [cwd, directory] = [temporaryFolder(t), temporaryFolder(t)];
    const replies = [[{ name: 'echo', args: { said: 'x' } }, { name: 'ask' }, { name: 'hang' }]];
    const { id } = await runAndKill({
      directory,
      cwd,
      replies,
      inputs: ['go'],
      isEnough: (line) => line.type === 'item' && line.of === 'question',
    });
    const { options: alike } = worldOf({ directory, cwd, replies: ['on it goes'] });
    const client = (await openKernel(t, alike)).client('test');
    const { last, status } = await client.request('thread/resume', { thread: id });
    assert.deepEqual([status.state, status.questions], ['idle', []]);
    const { items } = await client.request('thread/read', { thread: id });
    assert.equal(items.length, last + 1);
    assertPaired(items);
    assert.deepEqual(items.filter((item) => item.type === 'result').map(textOfResult), [
      'x again',
      ...Array(2).fill(
        'no result: the program ended before the call had one; what it did is unknown',
      ),
    ]);
    const answers = items.filter((item) => item.type === 'answer');
    assert.deepEqual(
      answers.map(({ answer, by }) => ({ answer, by })),
      [{ answer: { decision: 'deny' }, by: 'closed' }],
    );
    const ends = items.filter((item) => item.type === 'end');
    assert.deepEqual(
      ends.map(({ status: how }) => how),
      ['interrupted'],
    );
    await client.request('thread/close', { thread: id });
    assert.equal((await client.request('thread/resume', { thread: id })).last, last, 'but once');
    const { end } = await runTurn(client, id, 'go on');
    assert.equal(end.status, 'completed');
  });

  test('invariant 2: the answer that a kill −9 cut off is not there, and its input is', async (t) => {
    const [cwd, directory] = [temporaryFolder(t), temporaryFolder(t)];
    const { id } = await runAndKill({
      directory,
      cwd,
      replies: ['one', [{ name: 'hang' }]],
      inputs: ['first', 'second'],
      isEnough: (line) => line.type === 'delta' && line.text === 'hanging',
    });
    const { options: alike, requests } = worldOf({ directory, cwd, replies: ['fine'] });
    const client = (await openKernel(t, alike)).client('test');
    await client.request('thread/resume', { thread: id });
    await runTurn(client, id, 'third');
    await untilIdle(client, id);
    const said = saidIn((requests[0]?.parts ?? []).map(({ part }) => part));
    assert.deepEqual(
      said.filter((line) => !line.startsWith('fragment')),
      [
        'user: first',
        'assistant: one',
        'user: second',
        'call: hang',
        'result: no result: the program ended before the call had one; what it did is unknown',
        'user: third',
      ],
    );
  });
});

/** Every call has exactly one result, after it, and results stand in the order of their calls. */
function assertPaired(items: readonly Item[]): void {
  const calls = items.filter((item) => item.type === 'call') as readonly CallItem[];
  const results = items.filter((item) => item.type === 'result') as readonly ResultItem[];
  assert.deepEqual(
    results.map((one) => one.call),
    calls.map((one) => one.call),
  );
  assert.equal(new Set(calls.map((one) => one.call)).size, calls.length, 'call ids are unique');
  for (const one of results) {
    const [asked, answered] = ['call', 'result'].map((type) =>
      items.findIndex((item) => item.type === type && 'call' in item && item.call === one.call),
    );
    assert.ok(asked! < answered!, `expected the result of ${one.call} after its call`);
  }
}
