/** Threads: started, forked, reverted, resumed, listed, removed. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { prompts } from '../../core/index.ts';
import type { Item } from '../../core/index.ts';
import jsonl from '../../plugins/stores/jsonl.ts';
import memory from '../../plugins/stores/memory.ts';
import { runAndKill } from './support/killed.ts';
import { partsOf, replies, saidIn } from './support/model.ts';
import {
  content,
  gate,
  kernelOptions,
  openKernel,
  openThread,
  plugin,
  runTurn,
  textOfResult,
  tool,
  typesOf,
  untilItem,
} from './support/thread.ts';
import { temporaryFolder } from '../fixtures/folders.ts';
import { worldOf } from './support/world.ts';

const system = plugin('system', (host) => {
  const text = 'You are a test.';
  host.add(prompts, {
    name: 'system',
    stability: 'fixed',
    read: () => [{ text, role: 'system', source: 'test' }],
  });
});
const hello = ['fragment: You are a test.', 'user: first', 'assistant: one'];

suite('a fork', () => {
  test('has the items up to there, and goes on by itself', async (t) => {
    const thread = await openThread(t, {
      replies: ['one', 'two', 'three', 'of the fork'],
      plugins: [memory(), system],
      isStored: true,
    });
    const { client, id } = thread;
    await thread.turn('first');
    const { last: after } = await client.request('thread/read', { thread: id, limit: 0 });
    await thread.turn('second', { settings: { effort: 'high' } });
    const fork = await client.request('thread/fork', { thread: id, after });
    const items = await thread.items();
    const { items: copied } = await client.request('thread/read', { thread: fork.id });
    assert.deepEqual(copied.slice(1), items.slice(1, after + 1));
    const [header] = copied;
    assert.ok(header?.type === 'thread');
    assert.deepEqual([header.id, header.fork], [fork.id, { thread: id, after }]);
    assert.equal(fork.settings.effort, undefined, 'what was overridden later does not count');
    await thread.turn('third');
    const { items: own } = await runTurn(client, fork.id, 'on its own');
    assert.deepEqual(saidIn(partsOf(thread.model.requests.at(-1))), [...hello, 'user: on its own']);
    assert.equal(own.at(-1)?.n, after + own.length);
    assert.deepEqual(
      (await thread.items()).slice(0, items.length),
      items,
      'the first is as it was',
    );
  });

  test('in the middle of a turn closes what was open there', async (t) => {
    const end = gate();
    const thread = await openThread(t, {
      replies: [[{ name: 'wait' }], 'one', 'of the fork'],
      tools: [tool('wait', () => end.promise.then(() => content('waited')))],
    });
    const { client, id } = thread;
    await thread.start('go');
    const { n: after } = await untilItem(client, id, 'step');
    const fork = await client.request('thread/fork', { thread: id, after, ephemeral: true });
    assert.equal(fork.status.state, 'idle');
    const { items } = await client.request('thread/read', { thread: fork.id });
    const [result, ended] = items.slice(after + 1);
    assert.ok(result?.type === 'result' && result.isError);
    assert.match(textOfResult(result), /the thread was forked before the call had one/);
    assert.ok(ended?.type === 'end' && ended.status === 'interrupted');
    assert.equal((await runTurn(client, fork.id, 'go on')).end.status, 'completed');
    end.resolve();
    await untilItem(client, id, 'end');
    const own = (await thread.items()).find((item) => item.type === 'result');
    assert.equal(textOfResult(own), 'waited');
  });

  test('of a stored thread that is not loaded leaves it unloaded', async (t) => {
    const thread = await openThread(t, { replies: ['one'], plugins: [memory()], isStored: true });
    const { client, id } = thread;
    await thread.turn('first');
    await client.request('thread/close', { thread: id });
    const fork = await client.request('thread/fork', { thread: id });
    const { threads } = await client.request('kernel/describe', {});
    assert.deepEqual(
      threads.map((one) => one.id),
      [fork.id],
    );
    assert.ok(fork.last > 3);
  });

  test('of nothing is refused', async (t) => {
    const { client, id } = await openThread(t);
    const fork = { thread: id, after: -1, ephemeral: true };
    await assert.rejects(client.request('thread/fork', fork), { code: 'invalid' });
  });
});

suite('a revert', () => {
  test('moves the window back to before a turn, and only that', async (t) => {
    const thread = await openThread(t, {
      replies: ['one', [{ name: 'echo' }], 'two', 'three'],
      tools: [tool('echo', () => content('echo'))],
      plugins: [system],
    });
    const { client, id } = thread;
    await thread.turn('first');
    const { end } = await thread.turn('second');
    const before = await thread.items();
    const info = await client.request('thread/revert', { thread: id, turn: end.id });
    assert.equal(info.last, before.length);
    assert.deepEqual((await thread.items()).slice(0, before.length), before);
    const window = await client.request('thread/window', { thread: id });
    assert.deepEqual(saidIn(window.parts.map(({ part }) => part)), hello);
    await thread.turn('again');
    assert.deepEqual(saidIn(partsOf(thread.model.requests.at(-1))), [...hello, 'user: again']);
    const move = (await thread.items()).find((item) => item.type === 'window');
    assert.deepEqual([move?.reason, move?.by], ['revert', 'test']);
  });

  test('of the first turn gives a fresh window, with the instructions read again', async (t) => {
    const thread = await openThread(t, { replies: ['one', 'two'], plugins: [system] });
    const { end } = await thread.turn('first');
    await thread.client.request('thread/revert', { thread: thread.id, turn: end.id });
    await thread.turn('again');
    assert.deepEqual(saidIn(partsOf(thread.model.requests.at(-1))), [hello[0], 'user: again']);
  });

  test('without a source that remembers keeps nothing of earlier turns', async (t) => {
    const thread = await openThread(t, {
      replies: ['one', 'two', 'three'],
      plugins: [system],
      remembers: false,
    });
    await thread.turn('first');
    const { end } = await thread.turn('second');
    await thread.client.request('thread/revert', { thread: thread.id, turn: end.id });
    await thread.turn('again');
    assert.deepEqual(saidIn(partsOf(thread.model.requests.at(-1))), [hello[0], 'user: again']);
  });

  test('can be reverted again, to a turn before the window moved', async (t) => {
    const thread = await openThread(t, {
      replies: ['one', 'two', 'three', 'four'],
      plugins: [system],
    });
    const { client, id } = thread;
    await thread.turn('first');
    const second = await thread.turn('second');
    const third = await thread.turn('third');
    await client.request('thread/revert', { thread: id, turn: second.end.id });
    await client.request('thread/revert', { thread: id, turn: third.end.id });
    await thread.turn('again');
    assert.deepEqual(saidIn(partsOf(thread.model.requests.at(-1))), [
      ...hello,
      'user: second',
      'assistant: two',
      'user: again',
    ]);
  });

  test('can be undone, by an ordinal, any number of times', async (t) => {
    const thread = await openThread(t, { replies: ['one', 'two', 'three'], plugins: [system] });
    const { client, id } = thread;
    await thread.turn('first');
    const second = await thread.turn('second');
    const { last } = await client.request('thread/read', { thread: id, limit: 0 });
    for (let count = 0; count < 40; count++) {
      await client.request('thread/revert', { thread: id, turn: second.end.id });
      await client.request('thread/revert', { thread: id, to: last + 1 + 2 * count });
    }
    const window = await client.request('thread/window', { thread: id });
    const said = [...hello, 'user: second', 'assistant: two'];
    assert.deepEqual(saidIn(window.parts.map(({ part }) => part)), said);
    const nowhere = client.request('thread/revert', { thread: id, to: 100_000 });
    await assert.rejects(nowhere, { code: 'not_found', message: /no turn or ordinal 100000/ });
  });

  test('is refused while a turn or a kept process runs, and for a turn that is not there', async (t) => {
    const end = gate();
    const thread = await openThread(t, {
      replies: ['one', [{ name: 'keep' }, { name: 'wait' }], 'two'],
      tools: [
        tool('keep', async (_args, { effects }) => {
          (await effects.spawn({ argv: ['sleep', '60'] })).keep(() => {});
          return content('kept');
        }),
        tool('wait', () => end.promise.then(() => content('waited'))),
      ],
    });
    const { client, id } = thread;
    const first = await thread.turn('first');
    const revert = (turn: string) => client.request('thread/revert', { thread: id, turn });
    await assert.rejects(revert('none'), { code: 'not_found' });
    await thread.start('second');
    await untilItem(client, id, 'call');
    await assert.rejects(revert(first.end.id), { code: 'conflict', message: /while a turn runs/ });
    end.resolve();
    await client.request('turn/interrupt', { thread: id });
    await assert.rejects(revert(first.end.id), {
      code: 'conflict',
      message: /while processes run: end p\d+ first/,
    });
  });
});

suite('a stored thread', () => {
  test('is resumed by another kernel with its items, settings, name and window', async (t) => {
    const [cwd, directory] = [temporaryFolder(t), temporaryFolder(t)];
    const open = async () => {
      const model = replies(['one', 'two']);
      const plugins = [jsonl({ directory }), system];
      const kernel = await openKernel(t, kernelOptions(cwd, { model, plugins }));
      return { kernel, model, client: kernel.client('test') };
    };
    const first = await open();
    const { id } = await first.client.request('thread/start', { name: 'the name' });
    await runTurn(first.client, id, 'first', { settings: { effort: 'high' } });
    const { items } = await first.client.request('thread/read', { thread: id });
    const window = await first.client.request('thread/window', { thread: id });
    await first.kernel[Symbol.asyncDispose]();
    const second = await open();
    const info = await second.client.request('thread/resume', { thread: id });
    assert.deepEqual(
      [info.name, info.settings.effort, info.ephemeral],
      ['the name', 'high', false],
    );
    const again = await second.client.request('thread/read', { thread: id });
    assert.deepEqual(again.items, JSON.parse(JSON.stringify(items)));
    const same = await second.client.request('thread/window', { thread: id });
    assert.deepEqual(same, JSON.parse(JSON.stringify(window)));
    await runTurn(second.client, id, 'second');
    assert.deepEqual(saidIn(partsOf(second.model.requests[0])), [...hello, 'user: second']);
  });

  test('has, after kill −9 in the middle of a call, the same window to the byte', async (t) => {
    const [cwd, directory] = [temporaryFolder(t), temporaryFolder(t)];
    const { id, lines } = await runAndKill({
      directory,
      cwd,
      replies: [
        [{ name: 'long' }],
        'one',
        [{ name: 'echo', args: { said: 'é' } }],
        [{ name: 'hang' }],
      ],
      inputs: ['first', 'second'],
      isEnough: (line) => line.type === 'delta' && line.text === 'hanging',
    });
    const turn = lines.findLast((line) => line.type === 'turn');
    const sent = turn?.requests.at(-1) ?? [];
    assert.equal(sent.length, 6, 'two texts, tools, input, a call with its result');
    const client = (await openKernel(t, worldOf({ directory, cwd, replies: [] }).options)).client(
      't',
    );
    await client.request('thread/resume', { thread: id });
    const { parts } = await client.request('thread/window', { thread: id });
    const texts = parts.map(({ part }) => JSON.stringify(part));
    assert.deepEqual(texts.slice(0, sent.length), sent);
    const { items } = await client.request('thread/read', { thread: id });
    const count = (type: Item['type']) => items.filter((item) => item.type === type).length;
    assert.deepEqual([count('call'), count('result'), count('turn'), count('end')], [3, 3, 2, 2]);
  });

  test("is loaded once, however many resume it, and is another's conflict", async (t) => {
    const [cwd, directory] = [temporaryFolder(t), temporaryFolder(t)];
    const open = async () =>
      (await openKernel(t, worldOf({ directory, cwd, replies: ['one'] }).options)).client('test');
    const client = await open();
    const { id } = await client.request('thread/start', {});
    await client.request('thread/close', { thread: id });
    const all = await Promise.all(
      [1, 2, 3].map(() => client.request('thread/resume', { thread: id })),
    );
    assert.equal(new Set(all.map(({ last }) => last)).size, 1);
    const other = await open();
    await assert.rejects(other.request('thread/resume', { thread: id }), { code: 'conflict' });
    const { items } = await other.request('thread/read', { thread: id });
    assert.deepEqual(typesOf(items), ['thread'], 'reading needs no lock');
    await client.request('thread/close', { thread: id });
    assert.equal((await other.request('thread/resume', { thread: id })).id, id);
  });

  test('is resumed at once when it is asked for while it is being closed', async (t) => {
    const [cwd, directory] = [temporaryFolder(t), temporaryFolder(t)];
    const { options } = worldOf({ directory, cwd, replies: [[{ name: 'hang' }], 'again'] });
    const client = (await openKernel(t, options)).client('test');
    const { id } = await client.request('thread/start', {});
    const input = [{ type: 'text', text: 'go' }] as const;
    await client.request('turn/start', { thread: id, input });
    await untilItem(client, id, 'call');
    const closing = client.request('thread/close', { thread: id });
    const { status } = await client.request('thread/resume', { thread: id });
    await closing;
    assert.equal(status.state, 'idle');
    assert.equal((await runTurn(client, id, 'on')).end.status, 'completed');
  });

  test('is listed, renamed, archived and removed', async (t) => {
    const { client } = await openThread(t, { replies: ['one'], plugins: [memory()] });
    const { id } = await client.request('thread/start', { name: 'first name' });
    await runTurn(client, id, 'what is shown of it');
    await client.request('thread/update', { thread: id, name: 'second name', archived: true });
    const listed = async (archived: boolean) =>
      (await client.request('thread/list', { archived })).threads;
    assert.deepEqual(await listed(false), []);
    const [one] = await listed(true);
    assert.deepEqual(
      [one?.id, one?.name, one?.preview],
      [id, 'second name', 'what is shown of it'],
    );
    await client.request('thread/remove', { thread: id });
    assert.deepEqual(await listed(true), []);
    await assert.rejects(client.request('thread/read', { thread: id }), { code: 'not_found' });
  });

  test('is read in pages, loaded or not', async (t) => {
    const { client } = await openThread(t, { replies: ['one'], plugins: [memory()] });
    const { id } = await client.request('thread/start', {});
    await runTurn(client, id, 'go');
    const read = async () => {
      const all: Item[] = [];
      for (let after = -1; ; after = all.at(-1)?.n ?? 0) {
        const { items, last } = await client.request('thread/read', {
          thread: id,
          after,
          limit: 2,
        });
        all.push(...items);
        if (all.length > last) return all;
      }
    };
    const loaded = await read();
    await client.request('thread/close', { thread: id });
    assert.deepEqual(await read(), loaded);
    assert.ok(loaded.length > 4);
  });

  test('that is not there, or not loaded, is an error that says so', async (t) => {
    const { client } = await openThread(t, { plugins: [memory()] });
    const none = { thread: 'no-such-thread' };
    for (const method of ['thread/resume', 'thread/read', 'thread/remove', 'thread/fork'] as const)
      await assert.rejects(client.request(method, none), { code: 'not_found' }, method);
    const input = [{ type: 'text', text: 'x' }] as const;
    await assert.rejects(client.request('turn/start', { ...none, input }), {
      code: 'not_found',
      message: 'thread no-such-thread is not loaded: resume it first',
    });
  });

  test('keeps the thread and call that started it as its parent', async (t) => {
    const { client, id } = await openThread(t);
    const parent = { thread: id, call: 'c' };
    const child = await client.request('thread/start', { ephemeral: true, parent });
    const { items } = await client.request('thread/read', { thread: child.id });
    assert.deepEqual(items[0]?.type === 'thread' && items[0].parent, parent);
  });
});
