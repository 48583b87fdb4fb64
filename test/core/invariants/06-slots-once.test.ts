/**
 * Invariant 6: slots are read once per turn; a change made during a turn counts from the next, except one that narrows,
 * which counts at once.
 */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import {
  aroundEffect,
  aroundModel,
  aroundTool,
  models,
  policies,
  prompts,
  tools,
} from '../../../core/index.ts';
import type { Host, Plugin, Settings, Tool } from '../../../core/index.ts';
import { partsOf, replies } from '../support/model.ts';
import {
  content,
  openThread,
  plugin,
  textOfResult,
  tool,
  type TestThread,
  type ThreadOptions,
} from '../support/thread.ts';

/** Opens a thread with a tool `change` that does `change`, with a plugin's host, in the middle of a turn. */
async function changing(
  t: Parameters<typeof openThread>[0],
  change: (host: Host, thread: TestThread) => unknown,
  options: ThreadOptions = {},
): Promise<TestThread> {
  let hosted: Host | undefined;
  const changer: Plugin = plugin('changer', (host) => void (hosted = host));
  const run: Tool['run'] = async () => {
    if (hosted !== undefined) await change(hosted, thread);
    return content('changed');
  };
  const thread: TestThread = await openThread(t, {
    ...options,
    tools: [tool('change', run), tool('plain', () => content('plain')), ...(options.tools ?? [])],
    plugins: [changer, ...(options.plugins ?? [])],
  });
  return thread;
}

const twice = [[{ name: 'change' }, { name: 'plain' }], [{ name: 'plain' }], 'one'] as const;
const deny = { verdict: 'deny', reason: 'no longer', rule: 'the new one' } as const;

suite('invariant 6: slots are read once per turn, and only what narrows counts at once', () => {
  test('invariant 6: a tool that comes during a turn can be called from the next turn on', async (t) => {
    const late = tool('late', () => content('late'));
    const thread = await changing(t, (host) => host.add(tools, late), {
      replies: [[{ name: 'change' }], [{ name: 'late' }], 'one', [{ name: 'late' }], 'two'],
    });
    const first = await thread.turn('go');
    assert.match(textOfResult(first.results[1]), /there is no tool "late"/);
    const second = await thread.turn('go');
    assert.equal(textOfResult(second.results[0]), 'late');
  });

  test('invariant 6: a tool that goes during a turn is gone at once', async (t) => {
    let going: Disposable | undefined;
    const thread = await changing(t, () => going?.[Symbol.dispose](), {
      replies: [[{ name: 'going' }, { name: 'change' }, { name: 'going' }], 'one'],
      plugins: [
        plugin('going', (host) => {
          going = host.add(
            tools,
            tool('going', () => content('still here')),
          );
        }),
      ],
    });
    const { results } = await thread.turn('go');
    assert.deepEqual(results.slice(0, 2).map(textOfResult), ['still here', 'changed']);
    assert.match(textOfResult(results[2]), /there is no tool "going"/);
  });

  test('invariant 6: a policy that comes during a turn counts at once; one that goes, from the next turn', async (t) => {
    let added: Disposable | undefined;
    const thread = await changing(
      t,
      (host) => {
        if (added === undefined)
          added = host.add(policies, {
            name: 'new',
            judge: ({ kind }) => (kind === 'write' ? deny : undefined),
          });
        else added[Symbol.dispose]();
      },
      {
        replies: Array.from({ length: 3 }, (_, at) => [
          [{ name: 'write' }, { name: 'change' }, { name: 'write' }].slice(0, at === 2 ? 1 : 3),
          'ok',
        ]).flat(),
        tools: [writeTool],
      },
    );
    const said = async () =>
      (await thread.turn('go')).results.filter(({ name }) => name === 'write').map(textOfResult);
    const no = 'denied: no longer (rule: the new one)';
    assert.deepEqual(await said(), ['written', no], 'it came');
    assert.deepEqual(await said(), [no, no], 'it went');
    assert.deepEqual(await said(), ['written']);
  });

  test('invariant 6: prompt sources, wrappers and models that come during a turn wait for the next', async (t) => {
    const used: string[] = [];
    const other = replies(['of the other']);
    const thread = await changing(
      t,
      (host) => {
        host.add(prompts, {
          name: 'late',
          stability: 'turn',
          read: () => {
            used.push('source');
            return [];
          },
        });
        host.add(aroundModel, (...[request, on, next]) => {
          used.push('aroundModel');
          return next(request, on);
        });
        host.add(aroundTool, (call, _context, next) => {
          used.push('aroundTool');
          return next(call);
        });
        host.add(aroundEffect, (what, next) => {
          used.push('aroundEffect');
          return next(what);
        });
        host.add(models, { ...other, name: 'other' });
      },
      {
        replies: [
          [{ name: 'change' }, { name: 'effect' }],
          [{ name: 'effect' }],
          'one',
          [{ name: 'effect' }],
          'two',
        ],
        tools: [effectTool],
      },
    );
    await thread.turn('go');
    assert.deepEqual(used, []);
    await thread.turn('go');
    assert.deepEqual(
      new Set(used),
      new Set(['aroundEffect', 'aroundModel', 'aroundTool', 'source']),
    );
  });

  test('invariant 6: a source that goes during a turn is still asked until it ends', async (t) => {
    const read: string[] = [];
    let going: Disposable | undefined;
    const thread = await changing(t, () => going?.[Symbol.dispose](), {
      replies: [...twice, 'two'],
      plugins: [
        plugin('going', (host) => {
          const source = { name: 'going', stability: 'turn' } as const;
          going = host.add(prompts, { ...source, read: () => (read.push('read'), []) });
        }),
      ],
    });
    await thread.turn('go');
    assert.equal(read.length, 3, 'at the start and after each of two steps with calls');
    await thread.turn('go');
    assert.equal(read.length, 3);
  });

  for (const [what, changes] of Object.entries({
    effort: { effort: 'high' },
    model: { model: 'other' },
    instructions: { instructions: 'be quick' },
  } satisfies Record<string, Partial<Settings>>)) {
    test(`invariant 6: settings are one frozen value per turn: another ${what} counts from the next`, async (t) => {
      const settings = { effort: 'low', model: 'one', instructions: 'be slow' };
      const thread = await changing(
        t,
        (_host, { client, id }) =>
          client.request('thread/update', { thread: id, settings: changes }),
        { replies: [...twice, 'two'], settings },
      );
      await thread.turn('go');
      await thread.turn('go');
      const seen = thread.model.requests.map((request) => request.settings);
      const { effort, model, instructions } = settings;
      for (const one of seen.slice(0, 3))
        assert.deepEqual([one.effort, one.model, one.instructions], [effort, model, instructions]);
      const last = { ...settings, ...changes };
      assert.deepEqual(
        [seen[3]?.effort, seen[3]?.model, seen[3]?.instructions],
        [last.effort, last.model, last.instructions],
      );
      assert.ok(Object.isFrozen(seen[0]));
    });
  }

  test('invariant 6: a subset of tools that narrows counts at once', async (t) => {
    const thread = await changing(
      t,
      (_host, { client, id }) =>
        client.request('thread/update', { thread: id, settings: { tools: ['change'] } }),
      { replies: twice },
    );
    const { results } = await thread.turn('go');
    assert.match(textOfResult(results.at(-1)), /there is no tool "plain"; there are: change/);
  });

  test('invariant 6: a subset of tools that widens counts from the next turn', async (t) => {
    const thread = await changing(
      t,
      (_host, { client, id }) =>
        client.request('thread/update', { thread: id, settings: { tools: ['change', 'plain'] } }),
      { replies: [...twice, [{ name: 'plain' }]], settings: { tools: ['change'] } },
    );
    const first = await thread.turn('go');
    assert.match(textOfResult(first.results.at(-1)), /there is no tool "plain"/);
    const second = await thread.turn('go');
    assert.equal(textOfResult(second.results[0]), 'plain');
  });

  test('invariant 6: what the model is offered stays as it was while the turn runs', async (t) => {
    const thread = await changing(
      t,
      (host) => {
        host.add(
          tools,
          tool('late', () => content('late')),
        );
        host.add(prompts, {
          name: 'late',
          stability: 'fixed',
          read: () => [{ text: 'late', role: 'system', source: 'test' }],
        });
      },
      { replies: twice },
    );
    await thread.turn('go');
    const offers = thread.model.requests.map((request) =>
      partsOf(request).filter(({ type }) => type === 'tools' || type === 'fragment'),
    );
    assert.equal(offers.length, 3);
    for (const offer of offers) assert.deepEqual(offer, offers[0]);
  });
});

const effectTool = tool('effect', async (_args, { effects }) => {
  await effects.list('.');
  return content('listed');
});

const writeTool = tool('write', async (_args, { effects }) => {
  await effects.write('file', 'text');
  return content('written');
});
