/** The window is a fold over the thread's items: what was shown is what the items give, at any point. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import * as fc from 'fast-check';

import { prompts } from '../../core/index.ts';
import type { Client, Item, ModelRequest, Part } from '../../core/index.ts';
import memory from '../../plugins/stores/memory.ts';
import { chatter, compacting, keeping, pinsOnly } from './support/compacting.ts';
import { done, text, type Reply } from './support/model.ts';
import {
  content,
  openThread,
  plugin,
  tool,
  type TestThread,
  type ThreadOptions,
} from './support/thread.ts';

/** What a user may do, over and over. */
type Step =
  | { readonly do: 'say'; readonly calls: number; readonly isLong: boolean }
  | { readonly do: 'compact' }
  | { readonly do: 'revert'; readonly to: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('say'), calls: fc.nat(2), isLong: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revert'), to: fc.nat(9) }) },
);

const world: ThreadOptions = {
  isStored: true,
  replies: Array.from(
    { length: 999 },
    (): Reply =>
      async function* ({ parts }) {
        const last = parts.findLast(({ part }) => part.type === 'user')?.part;
        const since = parts.slice(parts.findLastIndex(({ part }) => part.type === 'user'));
        const said =
          last?.type === 'user' && last.content[0]?.type === 'text' ? last.content[0].text : '';
        const { calls = 0 } = said.startsWith('{')
          ? (JSON.parse(said) as { readonly calls?: number })
          : {};
        const id = crypto.randomUUID();
        if (since.some(({ part }) => part.type === 'result'))
          yield { type: 'output', output: text('done') };
        for (let at = 0; at < calls && since.length === 1; at++)
          yield {
            type: 'output',
            output: {
              type: 'call',
              id: `${id}-${at}`,
              call: `${id}-${at}`,
              name: 'echo',
              args: '{}',
            },
          };
        if (calls === 0) yield { type: 'output', output: text('nothing called') };
        yield done({ input: 50, output: 5 });
      },
  ),
  tools: [tool('echo', () => content('echo '.repeat(30)))],
  plugins: [
    memory(),
    chatter,
    plugin('sources', (host) => {
      for (const stability of ['fixed', 'turn'] as const) {
        const pinned = stability === 'fixed';
        host.add(prompts, {
          name: stability,
          stability,
          read: ({ since }) => [
            { text: `${stability} ${since.length}`, role: 'developer', source: 'test', pinned },
          ],
        });
      }
    }),
    compacting({
      half: async ({ parts }) => {
        const kept = parts
          .filter(({ pinned }, at) => pinned || at > parts.length / 2)
          .map(({ part }) => part);
        const calls = new Set(kept.flatMap((part) => (part.type === 'call' ? [part.call] : [])));
        const results = new Set(
          kept.flatMap((part) => (part.type === 'result' ? [part.call] : [])),
        );
        const whole = kept.filter((part) =>
          part.type === 'call'
            ? results.has(part.call)
            : part.type !== 'result' || calls.has(part.call),
        );
        const fragment = {
          plugin: 'half',
          stability: 'turn',
          source: 'test',
          role: 'user',
          text: 'what was',
          pinned: false,
        } as const;
        return [
          ...keeping(whole.filter(({ n }) => n < 5)),
          { fragment },
          ...keeping(whole.filter(({ n }) => n >= 5)),
        ];
      },
      pins: pinsOnly,
    }),
  ],
};

/** Takes the steps; what cannot be done is passed over. */
async function play({ client, id, turn }: TestThread, steps: readonly Step[]): Promise<void> {
  const turns: string[] = [];
  for (const one of steps) {
    if (one.do === 'say') {
      const said = JSON.stringify({ calls: one.calls, filler: 'x'.repeat(one.isLong ? 500 : 1) });
      turns.push((await turn(said)).end.id);
    } else if (one.do === 'revert') {
      const to = turns[one.to % Math.max(1, turns.length)];
      if (to !== undefined) await client.request('thread/revert', { thread: id, turn: to });
    } else {
      await client.request('thread/compact', { thread: id }).catch(() => {});
    }
  }
}

/** The window over the items up to `after`, as a fork has it. */
async function windowAt(client: Client, thread: string, after: number): Promise<readonly Part[]> {
  const { id } = await client.request('thread/fork', { thread, after, ephemeral: true });
  const { parts } = await client.request('thread/window', { thread: id });
  await client.request('thread/remove', { thread: id });
  return parts.map(({ part }) => part);
}

const sent = ({ parts }: ModelRequest) => parts.map(({ part }) => part);

suite('the window', () => {
  test('of each request was a function of the items before it, and is so for any prefix of them', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const thread = await openThread(t, world);
        await play(thread, steps);
        const items = await thread.items();
        const before = items
          .filter((item) => item.type === 'step')
          .map((item) => firstOf(items, item) - 1);
        const requests = thread.model.requests.filter(({ toolChoice }) => toolChoice === 'auto');
        assert.equal(before.length, requests.length);
        for (const [at, n] of before.entries())
          assert.deepEqual(await windowAt(thread.client, thread.id, n), sent(requests[at]!));
        await thread.kernel[Symbol.asyncDispose]();
      }),
      { numRuns: 40 },
    );
  });

  test('is the same after the thread was closed and resumed', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const thread = await openThread(t, world);
        const { client, id } = thread;
        await play(thread, steps);
        const { parts } = await client.request('thread/window', { thread: id });
        await client.request('thread/close', { thread: id });
        await client.request('thread/resume', { thread: id });
        const again = await client.request('thread/window', { thread: id });
        assert.deepEqual(again.parts, parts);
        await thread.kernel[Symbol.asyncDispose]();
      }),
      { numRuns: 25 },
    );
  });

  test('never shows a call without its result, a result without its call, or a part twice', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const thread = await openThread(t, world);
        await play(thread, steps);
        for (const request of thread.model.requests) {
          const parts = sent(request);
          const calls = parts.filter((part) => part.type === 'call').map(({ call }) => call);
          const results = parts.filter((part) => part.type === 'result').map(({ call }) => call);
          assert.deepEqual(results, calls);
          const places = parts.filter(({ type }) => type !== 'fragment').map(({ n }) => n);
          assert.equal(new Set(places).size, places.length);
        }
        await thread.kernel[Symbol.asyncDispose]();
      }),
      { numRuns: 40 },
    );
  });

  test('keeps of earlier turns just what a source refers to', async (t) => {
    const kept: number[] = [];
    const thread = await openThread(t, {
      remembers: false,
      replies: ['one', 'two', 'three'],
      plugins: [
        plugin('keeping', (host) => {
          host.add(prompts, {
            name: 'keeping',
            stability: 'thread',
            read: ({ since }) => {
              const answers = since.filter(({ type }) => type === 'assistant');
              kept.push(...answers.map(({ n }) => n));
              return answers.map(({ n }) => ({ refs: [n, n] }));
            },
          });
        }),
      ],
    });
    for (const said of ['first', 'second', 'third']) await thread.turn(said);
    const parts = sent(thread.model.requests.at(-1)!);
    assert.deepEqual(
      parts.map(({ type }) => type),
      ['assistant', 'assistant', 'user'],
    );
    assert.deepEqual(
      parts.slice(0, 2).map(({ n }) => n),
      kept,
    );
  });

  test('that moved is told to sources as what survived and what came since, and nothing that was dropped', async (t) => {
    const seen: (readonly number[])[] = [];
    const looking = plugin('looking', (host) => {
      host.add(prompts, {
        name: 'looking',
        stability: 'thread',
        read: ({ since }) => {
          seen.push(since.map(({ n }) => n));
          return [];
        },
      });
    });
    const thread = await openThread(t, { ...world, plugins: [...(world.plugins ?? []), looking] });
    await play(thread, [
      { do: 'say', calls: 1, isLong: true },
      { do: 'say', calls: 1, isLong: true },
      { do: 'compact' },
    ]);
    const items = await thread.items();
    const move = items.find((item) => item.type === 'window');
    const { parts } = await thread.client.request('thread/window', { thread: thread.id });
    const survivors = parts.map(({ part }) => part.n).filter((n) => n < (move?.n ?? 0));
    assert.ok(survivors.length > 2 && survivors.length < (move?.n ?? 0) / 2);
    assert.deepEqual(seen[0], [0, 1], 'all there was');
    assert.deepEqual(seen.at(-1), survivors);
    await play(thread, [{ do: 'say', calls: 0, isLong: false }]);
    assert.ok(
      seen.at(-1)?.every((n) => n > (move?.n ?? 0)),
      'but once',
    );
  });

  test('is explained part by part, with what it weighs and what is pinned', async (t) => {
    const thread = await openThread(t, world);
    await play(thread, [{ do: 'say', calls: 1, isLong: true }]);
    const { client, id } = thread;
    const { parts, provider, model } = await client.request('thread/window', { thread: id });
    assert.deepEqual([provider, model], ['test', 'test']);
    for (const { part, bytes, tokens } of parts) {
      assert.equal(bytes, Buffer.byteLength(JSON.stringify(part)));
      assert.ok(tokens > 0);
    }
    const pinned = parts.filter((one) => one.pinned).map(({ part }) => part.type);
    assert.deepEqual(pinned, ['fragment', 'tools', 'user']);
  });

  test('shows without a source that remembers this turn only, and what sources and tools added', async (t) => {
    const thread = await openThread(t, { ...world, remembers: false });
    await play(thread, [
      { do: 'say', calls: 1, isLong: false },
      { do: 'say', calls: 0, isLong: false },
    ]);
    const parts = sent(thread.model.requests.at(-1)!);
    const types = parts.map(({ type }) => type).filter((type) => type !== 'fragment');
    assert.deepEqual(types, ['tools', 'user']);
  });
});

/** The ordinal of the first item of the answer that this step ends. */
function firstOf(items: readonly Item[], { n }: Item): number {
  let first = n;
  const outputs = ['reasoning', 'assistant', 'call', 'hosted'];
  while (outputs.includes(items[first - 1]?.type ?? '')) first--;
  return first;
}
