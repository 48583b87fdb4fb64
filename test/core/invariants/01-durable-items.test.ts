/**
 * Invariant 1: items are appended, never changed or removed; durable against kill −9 before the event goes out, against
 * power loss at the turn's end and before its first effect.
 */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { observers, stores, type Item, type Store } from '../../../core/index.ts';
import jsonl from '../../../plugins/stores/jsonl.ts';
import { memoryStore } from '../../../plugins/stores/memory.ts';
import { runAndKill } from '../support/killed.ts';
import { content, openKernel, openThread, plugin, tool } from '../support/thread.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';
import { worldOf } from '../support/world.ts';

suite('invariant 1: items are appended, never changed or removed, and durable', () => {
  test('invariant 1: turns, a compaction, a revert and an interrupt only add to the items and to the file', async (t) => {
    const [cwd, directory] = [temporaryFolder(t), temporaryFolder(t)];
    const { options } = worldOf({
      directory,
      cwd,
      replies: ['one', [{ name: 'echo', args: { said: 'x' } }], 'two', [{ name: 'hang' }]],
    });
    const client = (await openKernel(t, options)).client('test');
    const { id } = await client.request('thread/start', {});
    const file = join(directory, `${id}.jsonl`);
    let before: { readonly items: readonly Item[]; readonly bytes: string } | undefined;
    const check = async () => {
      const { items } = await client.request('thread/read', { thread: id });
      const bytes = readFileSync(file, 'utf8');
      assert.deepEqual(
        items.map(({ n }) => n),
        [...items.keys()],
      );
      assert.deepEqual(JSON.parse(`[${bytes.trim().replaceAll('\n', ',')}]`), plain(items));
      if (before !== undefined) {
        assert.ok(items.length > before.items.length, 'expected more items');
        assert.deepEqual(items.slice(0, before.items.length), before.items);
        assert.ok(bytes.startsWith(before.bytes), 'expected the file to go on where it was');
      }
      before = { items: structuredClone(items), bytes };
    };
    const say = async (text: string) => {
      const input = [{ type: 'text', text }] as const;
      const { turn } = await client.request('turn/start', { thread: id, input });
      return turn;
    };
    const ended = async () => {
      using events = client.subscribe({ thread: id, after: before?.items.length });
      for await (const event of events)
        if (event.type === 'item/appended' && event.item.type === 'end') return;
    };
    await check();
    await say('first');
    await ended();
    await check();
    const turn = await say('second');
    await ended();
    await check();
    await client.request('thread/compact', { thread: id });
    await check();
    await client.request('thread/revert', { thread: id, turn });
    await check();
    await client.request('thread/update', { thread: id, name: 'a name' });
    await check();
    await say('third');
    using events = client.subscribe({ thread: id });
    for await (const event of events) if (event.type === 'item/delta') break;
    await client.request('turn/interrupt', { thread: id });
    await check();
  });

  test('invariant 1: what a store has not yet taken, no subscriber and no observer sees', async (t) => {
    const taken = new Set<number>();
    const early: number[] = [];
    const see = (item: Item) => void (taken.has(item.n) || early.push(item.n));
    const inner = memoryStore();
    const slow: Store = {
      ...inner,
      open: async (id, how) => {
        const log = await inner.open(id, how);
        const append: typeof log.append = async (items, durable) => {
          await log.append(items, durable);
          await new Promise(setImmediate);
          for (const item of items) taken.add(item.n);
        };
        return { ...log, append };
      },
    };
    const thread = await openThread(t, {
      isStored: true,
      replies: [[{ name: 'note' }, { name: 'note' }], 'done'],
      tools: [tool('note', () => content('noted'), { annotations: { readOnlyHint: true } })],
      plugins: [
        plugin('slow', (host) => {
          host.add(stores, slow);
          host.add(observers, (event) => {
            if (event.type === 'item/appended') see(event.item);
          });
        }),
      ],
    });
    const { items } = await thread.turn('go', {
      see: (event) => event.type === 'item/appended' && see(event.item),
    });
    assert.ok(items.length > 7, `expected a whole turn, but saw ${items.length} items`);
    assert.deepEqual(
      items.map(({ n }) => n),
      items.map((_, at) => at + 1),
      'all, in order',
    );
    assert.deepEqual(early, []);
  });

  test('invariant 1: every item whose event went out is in the file after kill −9', async (t) => {
    const [cwd, directory] = [temporaryFolder(t), temporaryFolder(t)];
    const { id, lines } = await runAndKill({
      directory,
      cwd,
      replies: Array.from({ length: 99 }, () => [{ name: 'echo', args: { said: 'x' } }]),
      inputs: ['…'],
      isEnough: (line) => line.type === 'item' && line.n >= 150,
    });
    const text = readFileSync(join(directory, `${id}.jsonl`), 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n')).split('\n');
    const stored = whole.map((line) => JSON.parse(line) as Item);
    const seen = lines.flatMap((line) => (line.type === 'item' ? [line] : []));
    assert.ok(seen.length >= 150);
    for (const { n, of } of seen)
      assert.equal(stored[n]?.type, of, `expected item ${n} in the file`);
  });

  test('invariant 1: a turn is safe from power loss before its first act and at its end, and reads cost no sync', async (t) => {
    const cwdFiles: { readonly types: readonly string[]; readonly files: readonly string[] }[] = [];
    const inner = memoryStore();
    const watched: Store = {
      ...inner,
      open: async (id, how) => {
        const log = await inner.open(id, how);
        const append: typeof log.append = (items, durable) => {
          const types = items.map((item) =>
            item.type === 'decision' ? `decision ${item.effect.kind}` : item.type,
          );
          if (durable) cwdFiles.push({ types, files: readdirSync(thread.cwd) });
          return log.append(items, durable);
        };
        return { ...log, append };
      },
    };
    const thread = await openThread(t, {
      isStored: true,
      replies: [[{ name: 'act' }], 'done'],
      tools: [
        tool('act', async (_args, { effects }) => {
          await effects.list('.');
          await effects.write('a', 'a');
          await effects.write('b', 'b');
          return content('acted');
        }),
      ],
      plugins: [plugin('watched', (host) => void host.add(stores, watched))],
    });
    await thread.turn('go');
    assert.ok(existsSync(join(thread.cwd, 'b')));
    assert.deepEqual(cwdFiles, [
      { types: ['decision write'], files: [] },
      { types: ['end'], files: ['a', 'b'] },
    ]);
  });

  test('invariant 1: a power loss cannot part two effects at once from the record of the first', async (t) => {
    const order: string[] = [];
    const inner = memoryStore();
    const slow: Store = {
      ...inner,
      open: async (id, how) => {
        const log = await inner.open(id, how);
        const append: typeof log.append = (items, durable) => {
          void log.append(items, durable);
          if (!durable) return;
          return new Promise((resolve) =>
            setImmediate(() => {
              order.push('durable');
              resolve();
            }),
          );
        };
        return { ...log, append };
      },
    };
    const thread = await openThread(t, {
      isStored: true,
      replies: [[{ name: 'act' }], 'done'],
      tools: [
        tool('act', async (_args, { effects }) => {
          const write = (name: string) => effects.write(name, name).then(() => order.push(name));
          await Promise.all([write('a'), write('b')]);
          return content('acted');
        }),
      ],
      plugins: [plugin('slow', (host) => void host.add(stores, slow))],
    });
    await thread.turn('go');
    assert.deepEqual(order, ['durable', 'a', 'b', 'durable']);
  });

  test('invariant 1: with the jsonl store a thread that was never stored cannot be half there', async (t) => {
    const directory = temporaryFolder(t);
    const thread = await openThread(t, { replies: ['hi'], plugins: [jsonl({ directory })] });
    await thread.turn('go');
    assert.deepEqual(readdirSync(directory), [], 'an ephemeral thread leaves nothing');
  });
});

/** As JSON gives it back: without what is undefined. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
