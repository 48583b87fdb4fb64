/**
 * Invariant 5: from one request to the next, tools and instructions are identical and the earlier input items an exact
 * prefix, unless a compaction or revert moved the window. A change (cwd, policy, AGENTS.md, tools) is appended.
 */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import * as fc from 'fast-check';

import { prompts, tools } from '../../../core/index.ts';
import type { Appended, Host, ModelRequest, PromptContext } from '../../../core/index.ts';
import { chatter, compacting, keeping, pinsOnly } from '../support/compacting.ts';
import { runAndKill } from '../support/killed.ts';
import { saidIn, type Reply } from '../support/model.ts';
import { content, openKernel, openThread, plugin, runTurn, tool } from '../support/thread.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';
import { worldOf } from '../support/world.ts';

const textsOf = ({ parts }: ModelRequest) => parts.map(({ text }) => text);

/** Each request begins with the one before it, part by part. */
function assertPrefixes(requests: readonly (readonly string[])[]): void {
  for (const [at, texts] of requests.entries()) {
    const before = requests[at - 1] ?? [];
    assert.deepEqual(texts.slice(0, before.length), before, `request ${at} begins with the former`);
  }
}

/** Tells what it sees when it is not what it told last. */
const tell = ({ settings: { cwd, effort }, own }: PromptContext): readonly Appended[] => {
  const text = `effort ${effort} in ${cwd}`;
  return own.at(-1)?.text === text ? [] : [{ text, role: 'system', source: 'test' }];
};

/** Sources of every stability. */
const sources = plugin('sources', (host) => {
  for (const stability of ['fixed', 'thread', 'turn'] as const)
    host.add(prompts, { name: stability, stability, read: tell });
});

const offered = [
  tool('quick', () => content('quick'), { annotations: { readOnlyHint: true } }),
  tool('long', () => content('long '.repeat(20_000))),
  tool('failing', () => {
    throw new Error('it failed');
  }),
  tool('steer', async (_args, { client, call }) => {
    const input = [{ type: 'text', text: 'steered' }] as const;
    await client.request('turn/steer', { thread: call.thread, input });
    return content('steered');
  }),
  tool('override', async (_args, { client, call }) => {
    const settings = { effort: `of call ${call.id}` };
    await client.request('thread/update', { thread: call.thread, settings });
    return content('overridden');
  }),
];

suite('invariant 5: each request begins with the one before it', () => {
  test('invariant 5: over steps, turns, steering, overrides, failures and cuts, what was sent before is a prefix', async (t) => {
    const called = fc.constantFrom(...offered.map(({ name }) => name)).map((name) => ({ name }));
    const reply: fc.Arbitrary<Reply> = fc.oneof(
      fc.constantFrom<Reply>('said', async function* () {}),
      fc.array(called, { minLength: 1, maxLength: 3 }),
    );
    const turn = fc.record({
      said: fc.string(),
      replies: fc.array(reply, { maxLength: 4 }),
      effort: fc.option(fc.constantFrom('low', 'high'), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 4 }), async (turns) => {
        const all = turns.flatMap(({ replies }) => [...replies, 'done']);
        const thread = await openThread(t, { replies: all, tools: offered, plugins: [sources] });
        for (const { said, effort } of turns)
          await thread.turn(said, { settings: effort === undefined ? undefined : { effort } });
        assert.ok(thread.model.requests.length >= turns.length);
        assertPrefixes(thread.model.requests.map(textsOf));
        await thread.kernel[Symbol.asyncDispose]();
      }),
      { numRuns: 60 },
    );
  });

  test('invariant 5: instructions and tools stand first and are the same in every request', async (t) => {
    const thread = await openThread(t, {
      replies: [[{ name: 'quick' }], 'one', [{ name: 'override' }], 'two'],
      tools: offered,
      plugins: [sources],
    });
    await thread.turn('first');
    await thread.turn('second', { settings: { effort: 'high', cwd: '/' } });
    const heads = thread.model.requests.map(({ parts }) =>
      parts.filter(
        ({ part }) => part.type === 'tools' || (part.type === 'fragment' && part.role === 'system'),
      ),
    );
    assert.equal(heads[0]?.length, 4, 'tools and three system texts');
    for (const head of heads) assert.deepEqual(head, heads[0]);
    const changes = (await thread.items()).filter(
      (item) => item.type === 'fragment' && item.role === 'developer',
    );
    assert.ok(changes.length > 0, 'what a source tells later is no system text, but appended');
  });

  test('invariant 5: a tool that comes later is offered when the window has moved, not before', async (t) => {
    let hosted: Host | undefined;
    const thread = await openThread(t, {
      replies: ['one', 'two', 'three'],
      tools: offered,
      plugins: [
        chatter,
        compacting({ pins: pinsOnly }),
        plugin('late', (host) => void (hosted = host)),
      ],
    });
    const names = () =>
      thread.model.requests
        .at(-1)
        ?.parts.flatMap(({ part }) => (part.type === 'tools' ? part.tools : []))
        .map(({ name }) => name);
    await thread.turn('first');
    const before = names();
    hosted?.add(
      tools,
      tool('late', () => content('late')),
    );
    await thread.turn('second');
    assert.deepEqual(names(), before);
    await thread.client.request('thread/compact', { thread: thread.id });
    await thread.turn('third');
    assert.deepEqual(names()?.toSorted(), [...(before ?? []), 'late'].toSorted());
  });

  test('invariant 5: another process goes on with the same bytes', async (t) => {
    let turns = 0;
    const [cwd, directory] = [temporaryFolder(t), temporaryFolder(t)];
    const { id, lines } = await runAndKill({
      directory,
      cwd,
      replies: [[{ name: 'long' }, { name: 'echo', args: { said: 'é' } }], 'one', 'two'],
      inputs: ['first', 'second', '…'],
      isEnough: ({ type }) => type === 'turn' && ++turns === 2,
    });
    const line = lines.findLast(({ type }) => type === 'turn');
    const before = line?.type === 'turn' ? line.requests : [];
    const { options, requests } = worldOf({ directory, cwd, replies: ['three'] });
    const client = (await openKernel(t, options)).client('test');
    await client.request('thread/resume', { thread: id });
    await runTurn(client, id, 'third');
    assert.equal(before.length, 3);
    assertPrefixes([...before, ...requests.map(textsOf)]);
    const last = requests.at(-1);
    assert.ok(saidIn((last?.parts ?? []).map(({ part }) => part)).includes('user: third'));
  });

  test('invariant 5: a question of a compactor to the model keeps the prefix and the tools', async (t) => {
    const thread = await openThread(t, {
      replies: [[{ name: 'long' }], 'one'],
      tools: offered,
      plugins: [
        sources,
        compacting({
          asking: async ({ parts, ask }) => {
            const text = await ask('sum up');
            const pins = parts.filter(({ pinned }) => pinned).map(({ part }) => part);
            const fragment = { plugin: 'asking', stability: 'turn', source: 'test' } as const;
            return [
              ...keeping(pins),
              { fragment: { ...fragment, text, role: 'user', pinned: false } },
            ];
          },
        }),
      ],
    });
    await thread.turn('first');
    await thread.client.request('thread/compact', { thread: thread.id });
    const [, before, asked] = thread.model.requests.map(textsOf);
    assertPrefixes([before ?? [], asked ?? []]);
    assert.equal(thread.model.requests[2]?.toolChoice, 'none');
    assert.match(asked?.at(-1) ?? '', /sum up/);
    assert.deepEqual(
      (await thread.items()).filter((item) => JSON.stringify(item).includes('sum up')),
      [],
      'the question is no item',
    );
  });
});
