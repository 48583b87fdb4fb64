/**
 * Invariant 3: what the user said first and last, and what is pinned (instructions, AGENTS.md, the plan), is never lost
 * to compaction; neither is the kernel's own list of commands run and files changed.
 */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import * as fc from 'fast-check';

import { compactors, prompts, textOf } from '../../../core/index.ts';
import type { Compactor, Part } from '../../../core/index.ts';
import { keeping, pinsOnly } from '../support/compacting.ts';
import { partsOf, saidIn } from '../support/model.ts';
import {
  content,
  openThread,
  plugin,
  tool,
  type TestThread,
  type ThreadOptions,
} from '../support/thread.ts';

/** Turns with pinned texts, a plan and effects, and a compactor to be tried. */
const thread = (compact: Compactor['compact'], more: ThreadOptions = {}): ThreadOptions => ({
  replies: [
    [{ name: 'plan', args: { plan: 'old' } }],
    'one',
    [
      { name: 'plan', args: { plan: 'new' } },
      { name: 'work', args: { file: 'a.txt' } },
    ],
    'two',
    'three',
  ],
  tools: [
    tool('plan', (detail) => ({ ...content(`plan: ${String(detail['plan'])}`), detail })),
    tool('work', async ({ file = 'x' }, { effects }) => {
      await effects.write(String(file), 'text');
      await (
        await effects.spawn({ argv: ['true', 'with', 'words'] })
      ).exited;
      return content('worked');
    }),
  ],
  plugins: [
    plugin('sources', (host) => {
      const rules = { text: 'the rules', role: 'developer', source: 'test', pinned: true } as const;
      host.add(prompts, { name: 'rules', stability: 'fixed', read: () => [rules] });
      host.add(prompts, {
        name: 'chatter',
        stability: 'thread',
        read: () => [{ text: 'chatter '.repeat(50), role: 'user', source: 'test' }],
      });
      host.add(compactors, { name: 'tried', compact });
    }),
  ],
  ...more,
});

/** What the model is shown by the next request. */
async function shown({ client, id }: TestThread): Promise<readonly Part[]> {
  return (await client.request('thread/window', { thread: id })).parts.map(({ part }) => part);
}

const survivors = ['user: first', 'user: third', 'fragment: the rules', 'result: plan: new'];

suite(
  'invariant 3: what the user said first and last, what is pinned and the list of what was done is never lost',
  () => {
    test('invariant 3: a compaction to the pins alone keeps first and last input, pinned texts, the newest plan, and the list', async (t) => {
      const opened = await openThread(t, thread(pinsOnly));
      for (const said of ['first', 'second', 'third']) await opened.turn(said);
      await opened.client.request('thread/compact', { thread: opened.id });
      const parts = await shown(opened);
      const said = saidIn(parts);
      for (const line of survivors)
        assert.ok(said.includes(line), `expected "${line}" in ${said.join()}`);
      assert.ok(!said.includes('user: second') && !said.includes('result: plan: old'));
      const ledger = parts.findLast((part) => part.type === 'fragment' && part.plugin === 'kernel');
      assert.ok(ledger?.type === 'fragment');
      assert.match(ledger.text, /Files changed \(1 of 1\):\n- \/.*\/a\.txt$/m);
      assert.match(ledger.text, /Commands run \(1 of 1\):\n- true with words$/m);
    });

    const badWindows: readonly (readonly [string, Compactor['compact'], RegExp])[] = [
      ['is empty', async () => [], /drops the pinned \w+/],
      [
        'drops the last input',
        async ({ parts }) => {
          const last = parts.findLast(({ part }) => part.type === 'user');
          return keeping(parts.filter((one) => one !== last).map(({ part }) => part));
        },
        /drops the pinned user/,
      ],
      [
        'splits a call from its result',
        async ({ parts }) => {
          const lost = parts.find(({ part, pinned }) => part.type === 'result' && !pinned);
          return keeping(parts.filter((one) => one !== lost).map(({ part }) => part));
        },
        /splits call/,
      ],
      ['keeps all', async ({ parts }) => keeping(parts.map(({ part }) => part)), /does not shrink/],
      [
        'reorders',
        async ({ parts }) =>
          keeping(parts.filter(({ pinned }) => pinned).map(({ part }) => part)).toReversed(),
        /reorders/,
      ],
      [
        'shrinks, but adds more than it takes away',
        async ({ parts }) => [
          ...keeping(parts.filter(({ pinned }) => pinned).map(({ part }) => part)),
          {
            fragment: {
              plugin: 'tried',
              stability: 'turn',
              role: 'developer',
              source: 'test',
              pinned: false,
              text: 'long '.repeat(5000),
            },
          },
        ],
        /does not shrink/,
      ],
    ];
    for (const [what, compact, why] of badWindows) {
      test(`invariant 3: a compactor whose window ${what} is not followed, with a notice, and the window stays`, async (t) => {
        const opened = await openThread(t, thread(compact));
        for (const said of ['first', 'second', 'third']) await opened.turn(said);
        const before = await shown(opened);
        await assert.rejects(opened.client.request('thread/compact', { thread: opened.id }), {
          code: 'model_context',
        });
        const items = await opened.items();
        const notice = items.findLast((item) => item.type === 'notice');
        assert.equal(notice?.plugin, 'tried');
        assert.match(notice.message, why);
        assert.deepEqual(
          items.filter(({ type }) => type === 'window'),
          [],
        );
        const after = await shown(opened);
        assert.deepEqual(after.slice(0, before.length), before);
      });
    }

    test('invariant 3: the list goes on over several compactions, in one place', async (t) => {
      const opened = await openThread(
        t,
        thread(pinsOnly, {
          replies: ['a.txt', 'b.txt'].flatMap((file) => [[{ name: 'work', args: { file } }], 'ok']),
        }),
      );
      await opened.turn('first');
      await opened.client.request('thread/compact', { thread: opened.id });
      await opened.turn('second');
      await opened.client.request('thread/compact', { thread: opened.id });
      const lists = (await shown(opened)).filter(
        (part) => part.type === 'fragment' && part.plugin === 'kernel',
      );
      assert.equal(lists.length, 1);
      assert.match(saidIn(lists)[0] ?? '', /a\.txt\n.*b\.txt/);
    });

    test('invariant 3: what was denied, and what plugins did for themselves, is not in the list', async (t) => {
      const opened = await openThread(
        t,
        thread(pinsOnly, {
          replies: [[{ name: 'work', args: { file: 'denied.txt' } }], 'ok'],
          policy: ({ kind }) => ({
            verdict: kind === 'write' ? 'deny' : 'allow',
            reason: 'test',
            rule: 'test',
          }),
        }),
      );
      await opened.turn('first');
      await opened.client.request('thread/compact', { thread: opened.id });
      const said = saidIn(await shown(opened)).join('\n');
      assert.match(said, /Done in this thread so far/);
      assert.doesNotMatch(said, /denied\.txt/);
    });

    test('invariant 3: whatever window a compactor gives, what is pinned survives it', async (t) => {
      const choices = fc.infiniteStream(fc.boolean());
      await fc.assert(
        fc.asyncProperty(choices, fc.integer({ min: 1, max: 4 }), async (chosen, turns) => {
          const random: Compactor['compact'] = async ({ parts }) =>
            keeping(parts.filter(() => chosen.next().value).map(({ part }) => part));
          const opened = await openThread(
            t,
            thread(random, {
              replies: Array.from({ length: turns }, (_, at) => [
                [
                  { name: 'plan', args: { plan: `plan ${at}` } },
                  { name: 'work', args: { file: 'a' } },
                ],
                'ok',
              ]).flat(),
            }),
          );
          for (let at = 0; at < turns; at++) {
            await opened.turn(`turn ${at}`);
            const { parts: before } = await opened.client.request('thread/window', {
              thread: opened.id,
            });
            const pins = before.filter(({ pinned }) => pinned).map(({ part }) => part.n);
            assert.ok(pins.length >= 4, 'tools, rules, input, plan with its call');
            await opened.client.request('thread/compact', { thread: opened.id }).catch(() => {});
            const kept = (await shown(opened)).map(({ n }) => n);
            for (const n of pins)
              assert.ok(kept.includes(n), `expected pinned item ${n} to be kept`);
          }
          const said = (await opened.items()).filter((item) => item.type === 'user');
          const window = (await shown(opened)).filter((part) => part.type === 'user');
          assert.equal(textOf(window[0]?.content ?? []), textOf(said[0]?.content ?? []));
          assert.equal(textOf(window.at(-1)?.content ?? []), textOf(said.at(-1)?.content ?? []));
          await opened.kernel[Symbol.asyncDispose]();
        }),
        { numRuns: 25 },
      );
    });

    test('invariant 3: the plan and the pinned texts are in the next request after a compaction', async (t) => {
      const opened = await openThread(
        t,
        thread(pinsOnly, { replies: [[{ name: 'plan', args: { plan: 'new' } }], 'one', 'two'] }),
      );
      await opened.turn('first');
      await opened.turn('second');
      await opened.client.request('thread/compact', { thread: opened.id });
      await opened.turn('third');
      const said = saidIn(partsOf(opened.model.requests.at(-1)));
      for (const line of survivors)
        assert.ok(said.includes(line), `expected "${line}" in ${said.join()}`);
    });
  },
);
