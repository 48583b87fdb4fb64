/** Invariant 8: one abort signal per turn reaches every await; after it the turn ends within a second. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { suite, test } from 'node:test';

import {
  aroundEffect,
  aroundModel,
  aroundTool,
  aroundTurn,
  compactors,
  policies,
  prompts,
} from '../../../core/index.ts';
import type { Effects, Host } from '../../../core/index.ts';
import { replies, type Reply } from '../support/model.ts';
import {
  content,
  gate,
  openThread,
  plugin,
  textOfResult,
  tool,
  typesOf,
  untilItem,
  type ThreadOptions,
} from '../support/thread.ts';

const never = new Promise<never>(() => {});
/** Says that it has begun, and never ends. */
type Hang = () => Promise<never>;
const adding = (setup: (host: Host) => unknown): ThreadOptions => ({
  plugins: [plugin('hanging', (host) => void setup(host))],
});
const effectOf = (act: (effects: Effects) => Promise<unknown>): ThreadOptions => ({
  replies: [[{ name: 'act' }]],
  tools: [tool('act', (_args, { effects }) => act(effects).then(() => content('acted')))],
});

/** What can hang, and how a turn comes to it. */
const hanging: Readonly<Record<string, (hang: Hang) => ThreadOptions | Promise<ThreadOptions>>> = {
  'a tool': (hang) => ({ replies: [[{ name: 'hang' }]], tools: [tool('hang', hang)] }),
  'reads in parallel': (hang) => ({
    replies: [[{ name: 'hang' }, { name: 'hang' }, { name: 'hang' }]],
    tools: [tool('hang', hang, { annotations: { readOnlyHint: true } })],
  }),
  'a model before its first event': (hang) => ({
    replies: [
      async function* () {
        yield await hang();
      },
    ],
  }),
  'a model in mid-answer': (hang) => ({
    replies: [
      async function* () {
        yield { type: 'delta', kind: 'text', id: 'a', text: 'half' };
        yield await hang();
      },
    ],
  }),
  'a wrapper of the model': (hang) =>
    adding((host) =>
      host.add(aroundModel, async function* () {
        yield await hang();
      }),
    ),
  'a prompt source at the start': (hang) =>
    adding((host) => host.add(prompts, { name: 'hang', stability: 'fixed', read: hang })),
  'a prompt source between steps': (hang) => ({
    replies: [[{ name: 'plain' }], 'not reached'],
    tools: [tool('plain', () => content('plain'))],
    ...adding((host) => {
      let reads = 0;
      const read = () => (++reads === 1 ? [] : hang());
      host.add(prompts, { name: 'hang', stability: 'turn', read });
    }),
  }),
  'a policy': (hang) => ({
    ...effectOf((effects) => effects.write('a', 'a')),
    ...adding((host) => host.add(policies, { name: 'hang', judge: hang })),
  }),
  'a question': (hang) => ({
    replies: [[{ name: 'ask' }]],
    tools: [
      tool('ask', async (_args, { client, call: { id, thread } }) => {
        void hang();
        const question = { kind: 'input/ask', message: '?', schema: {}, from: 'x' } as const;
        await client.request('question/ask', { thread, question, call: id });
        return content('asked');
      }),
    ],
  }),
  'an approval': (hang) => ({
    ...effectOf((effects) => effects.write('a', 'a')),
    policy: () => {
      void hang();
      return { verdict: 'ask', reason: 'a test', rule: 'ask' };
    },
  }),
  'a tool of a client': (hang) => ({
    replies: [[{ name: 'theirs' }]],
    settings: { clientTools: [{ name: 'theirs', description: '', inputSchema: {} }] },
    ...adding((host) => host.add(aroundTool, (call, _on, next) => (void hang(), next(call)))),
  }),
  'a wrapper of the tool': (hang) => ({
    replies: [[{ name: 'plain' }]],
    tools: [tool('plain', () => content('plain'))],
    ...adding((host) => host.add(aroundTool, hang)),
  }),
  'a wrapper of the turn': (hang) => adding((host) => host.add(aroundTurn, hang)),
  'a wrapper of the effect': (hang) => ({
    ...effectOf((effects) => effects.write('a', 'a')),
    ...adding((host) => host.add(aroundEffect, hang)),
  }),
  'a command that ignores SIGTERM': (hang) =>
    effectOf(async (effects) => {
      const script = `trap '' TERM; echo ready; sleep 60`;
      const child = await effects.spawn({
        argv: ['sh', '-c', script],
        onOutput: () => void hang(),
      });
      await child.exited;
    }),
  'a command that leaves its group with the pipes': (hang) =>
    effectOf(async (effects) => {
      const script = `setsid sleep 3 & trap '' TERM; echo ready; sleep 60`;
      const child = await effects.spawn({
        argv: ['sh', '-c', script],
        onOutput: () => void hang(),
      });
      await child.exited;
    }),
  'a server that does not answer': async (hang) => {
    const server = createServer(() => void hang());
    server.listen(0, '127.0.0.1').unref();
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // it listens on TCP
    return effectOf((effects) => effects.fetch(`http://127.0.0.1:${port}/`));
  },
  'a compactor': (hang) => ({
    model: replies([], { traits: { window: 10 } }),
    ...adding((host) => host.add(compactors, { name: 'hang', compact: hang })),
  }),
  'a model that is asked by a compactor': (hang) => ({
    model: {
      ...replies([], { traits: { window: 10 } }),
      stream: async function* () {
        yield await hang();
      },
    },
    ...adding((host) =>
      host.add(compactors, {
        name: 'asking',
        compact: async ({ ask }) => {
          await ask('sum up');
          return [];
        },
      }),
    ),
  }),
};

/** How long something takes in ms, and the longest time that this busy machine made the program wait meanwhile. */
async function timed(act: () => Promise<unknown>): Promise<readonly [number, number]> {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const started = performance.now();
  await act();
  const tookMs = performance.now() - started;
  delay.disable();
  return [tookMs, delay.max / 1e6];
}

suite(
  'invariant 8: one abort signal per turn; after it the turn ends within a second',
  { concurrency: true },
  () => {
    for (const [what, options] of Object.entries(hanging)) {
      test(`invariant 8: ${what}, hanging, does not hold an interrupt`, async (t) => {
        const begun = gate();
        const hang: Hang = () => {
          begun.resolve();
          return never;
        };
        const thread = await openThread(t, await options(hang));
        const { client, id } = thread;
        using _someone = client.subscribe({ thread: id, answers: true });
        await thread.start('go');
        await begun.promise;
        await new Promise(setImmediate);
        const [tookMs, delayMs] = await timed(() =>
          client.request('turn/interrupt', { thread: id }),
        );
        assert.ok(
          tookMs < 1000 + 2 * delayMs,
          `expected the end within a second, but it took ${tookMs} ms (delayed by ${delayMs} ms)`,
        );
        const items = await thread.items();
        const last = items.at(-1);
        assert.ok(last?.type === 'end' && last.status === 'interrupted', JSON.stringify(last));
        const count = (type: string) => typesOf(items).filter((one) => one === type).length;
        assert.equal(count('result'), count('call'), 'calls are closed before the end');
        assert.equal(count('answer'), count('question'), 'questions as well');
        const { turn } = await client.request('turn/start', {
          thread: id,
          input: [{ type: 'text', text: 'again' }],
        });
        assert.ok(turn, 'the thread goes on');
      });
    }

    test('invariant 8: the signal that tools, models, sources and hooks get is aborted with the reason', async (t) => {
      const signals: Record<string, AbortSignal> = {};
      const reached = gate();
      const reply: Reply = async function* (_request, { signal }) {
        signals['model'] = signal;
        yield {
          type: 'output',
          output: { type: 'call', id: 'a', call: 'a', name: 'act', args: '{}' },
        };
        yield { type: 'done', stop: 'end' };
      };
      const thread = await openThread(t, {
        replies: [reply],
        tools: [
          tool('act', (_args, { signal }) => {
            signals['tool'] = signal;
            reached.resolve();
            return new Promise((_resolve, reject) =>
              signal.addEventListener('abort', () => reject(signal.reason)),
            );
          }),
        ],
        ...adding((host) => {
          host.add(prompts, {
            name: 'source',
            stability: 'turn',
            read: ({ signal }) => {
              signals['source'] = signal;
              return [];
            },
          });
          host.add(aroundTurn, ({ signal }, next) => {
            signals['hook'] = signal;
            return next();
          });
        }),
      });
      await thread.start('go');
      await reached.promise;
      await thread.client.request('turn/interrupt', { thread: thread.id });
      assert.deepEqual(Object.keys(signals).toSorted(), ['hook', 'model', 'source', 'tool']);
      assert.equal(new Set(Object.values(signals)).size, 1, 'it is one signal');
      assert.ok(signals['tool']?.aborted);
      const { results } = {
        results: (await thread.items()).filter(({ type }) => type === 'result'),
      };
      assert.equal(results.length, 1);
    });

    test('invariant 8: what a policy allows after the interrupt does not happen any more', async (t) => {
      const [asked, verdict, over] = [gate(), gate(), gate()];
      const thread = await openThread(t, {
        ...effectOf((effects) => effects.write('late', 'late').finally(() => over.resolve())),
        ...adding((host) =>
          host.add(policies, {
            name: 'slow',
            judge: async () => {
              asked.resolve();
              await verdict.promise;
              return { verdict: 'allow', reason: 'at last', rule: 'slow' };
            },
          }),
        ),
      });
      await thread.start('go');
      await asked.promise;
      await thread.client.request('turn/interrupt', { thread: thread.id });
      const { length } = await thread.items();
      verdict.resolve();
      await over.promise;
      assert.ok(!existsSync(join(thread.cwd, 'late')), 'expected the file not to be written');
      assert.equal((await thread.items()).length, length, 'nothing is appended after the end');
    });

    test('invariant 8: a tool that goes on after its call was closed can start nothing', async (t) => {
      const [begun, goOn] = [gate(), gate()];
      const outcome = gate<string>();
      const thread = await openThread(t, {
        replies: [[{ name: 'stubborn' }]],
        tools: [
          tool('stubborn', async (_args, { effects }) => {
            begun.resolve();
            await goOn.promise;
            try {
              const child = await effects.spawn({ argv: ['sleep', '1'] });
              const { signal } = await child.exited;
              outcome.resolve(`ended by ${signal}`);
            } catch {
              outcome.resolve('refused');
            }
            return content('late');
          }),
        ],
      });
      await thread.start('go');
      await begun.promise;
      await thread.client.request('turn/interrupt', { thread: thread.id });
      goOn.resolve();
      assert.match(await outcome.promise, /^(refused|ended by SIG(TERM|KILL))$/);
    });

    test('invariant 8: a hook that goes on after the end adds nothing to the thread', async (t) => {
      const [begun, goOn, over] = [gate(), gate(), gate()];
      const thread = await openThread(
        t,
        adding((host) =>
          host.add(aroundTurn, async (_context, next) => {
            begun.resolve();
            await goOn.promise;
            return next().finally(() => over.resolve());
          }),
        ),
      );
      await thread.start('go');
      await begun.promise;
      await thread.client.request('turn/interrupt', { thread: thread.id });
      const { length } = await thread.items();
      goOn.resolve();
      await over.promise.catch(() => {});
      assert.deepEqual(typesOf(await thread.items()).slice(length), []);
    });

    test('invariant 8: text that the user cut off is kept and marked, and the rest is discarded', async (t) => {
      const shown = gate();
      const reply: Reply = async function* () {
        yield { type: 'delta', kind: 'reasoning', id: 'r', text: 'thinking' };
        yield { type: 'delta', kind: 'text', id: 'a', text: 'half a ' };
        yield { type: 'delta', kind: 'text', id: 'a', text: 'sentence' };
        yield { type: 'delta', kind: 'args', id: 'c', text: '{"half', name: 'x' };
        shown.resolve();
        yield await never;
      };
      const thread = await openThread(t, { replies: [reply, 'again'] });
      await thread.start('go');
      await shown.promise;
      await new Promise(setImmediate);
      await thread.client.request('turn/interrupt', { thread: thread.id });
      const items = await thread.items();
      const kept = items.filter((item) => item.type === 'assistant');
      assert.deepEqual(
        kept.map(({ id, text, cut }) => [id, text, cut]),
        [['a', 'half a sentence', true]],
      );
      const lost = items.filter((item) => item.type === 'discarded').map(({ id }) => id);
      assert.deepEqual(lost.toSorted(), ['c', 'r']);
    });

    test('invariant 8: an interrupt for another turn, or when none runs, does nothing', async (t) => {
      const thread = await openThread(t, {
        replies: [[{ name: 'wait' }]],
        tools: [tool('wait', () => never)],
      });
      const { client, id } = thread;
      assert.deepEqual(await client.request('turn/interrupt', { thread: id }), {});
      const turn = await thread.start('go');
      await untilItem(client, id, 'call');
      await client.request('turn/interrupt', { thread: id, turn: 'another' });
      assert.equal((await thread.items()).at(-1)?.type, 'step', 'it still runs');
      await client.request('turn/interrupt', { thread: id, turn });
      const result = await untilItem(client, id, 'result');
      assert.equal(textOfResult(result), 'wait was interrupted');
    });

    test('invariant 8: an interrupt right after the start is not lost', async (t) => {
      const thread = await openThread(t, { replies: ['not said'] });
      await thread.start('go');
      await thread.client.request('turn/interrupt', { thread: thread.id });
      const end = (await thread.items()).at(-1);
      assert.ok(end?.type === 'end' && end.status === 'interrupted');
      assert.equal(thread.model.requests.length, 0);
    });
  },
);
