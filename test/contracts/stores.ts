/** What every store must do; each implementation runs this suite. */

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import * as fc from 'fast-check';

import type { ErrorCode, Item, Store, ThreadItem, ThreadQuery } from '../../core/index.ts';
import { sampleSettings, sampleThread, stamp } from './sample-items.ts';

/** An empty store; what it needs is removed after the test. */
export type MakeStore = (t: TestContext) => Store | Promise<Store>;

export function storeContract(name: string, make: MakeStore): void {
  test(`${name}: a thread that was written and closed is read and opened as it was`, async (t) => {
    const store = await make(t);
    const items = sampleThread('one');
    await write(store, items);
    assert.deepEqual(await store.read('one'), items);
    const log = await store.open('one', { create: false });
    assert.deepEqual(log.items, items);
    await log.append([stamp({ type: 'meta', name: 'later' }, items.length)], true);
    await log.close();
    assert.equal((await store.read('one')).length, items.length + 1);
  });

  test(`${name}: items can be read while the thread is open`, async (t) => {
    const store = await make(t);
    const log = await store.open('one', { create: true });
    assert.deepEqual(log.items, []);
    const [first, ...rest] = sampleThread('one');
    await log.append([first!], false);
    assert.deepEqual(await store.read('one'), [first]);
    await log.append(rest, true);
    assert.deepEqual(await store.read('one'), [first, ...rest]);
    await log.close();
  });

  test(`${name}: any text comes back as it went in`, async (t) => {
    const store = await make(t);
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }), async (texts) => {
        const id = `text-${count++}`;
        const bodies = texts.map(
          (text) => ({ type: 'user', content: [{ type: 'text', text }], how: 'start' }) as const,
        );
        const items = [head(id), ...bodies.map((body, index) => stamp(body, index + 1))];
        await write(store, items);
        assert.deepEqual(await store.read(id), items);
      }),
      { numRuns: 50, examples: [[['\ud800', '\u2028\n\r\0', '"\\']]] },
    );
  });

  test(`${name}: a thread can be opened once at a time, and again when it was closed`, async (t) => {
    const store = await make(t);
    await write(store, sampleThread('one'));
    const log = await store.open('one', { create: false });
    await rejects('conflict', () => store.open('one', { create: false }), /this process/);
    await rejects('conflict', () => store.remove('one'), /this process/);
    await log.close();
    await log.close();
    await (await store.open('one', { create: false })).close();
  });

  test(`${name}: a closed log takes nothing more`, async (t) => {
    const store = await make(t);
    const log = await store.open('one', { create: true });
    await log.append([head('one')], false);
    await log.close();
    await rejects('store', () => log.append([stamp({ type: 'meta' }, 1)], false), /closed/);
  });

  test(`${name}: an id is taken once, and what is missing is not_found`, async (t) => {
    const store = await make(t);
    await write(store, [head('one')]);
    await rejects('conflict', () => store.open('one', { create: true }), /already/);
    await rejects('not_found', () => store.open('two', { create: false }), /two/);
    await rejects('not_found', () => store.read('two'), /two/);
    await rejects('not_found', () => store.remove('two'), /two/);
    await store.remove('one');
    await rejects('not_found', () => store.read('one'), /one/);
    assert.deepEqual((await store.list({})).threads, []);
  });

  test(`${name}: an id that could be a path is refused`, async (t) => {
    const store = await make(t);
    for (const id of [
      '',
      '.',
      '..',
      '../x',
      'a/b',
      'a\\b',
      'a\0',
      'a\n',
      '-x',
      '.x',
      'a.b',
      'a'.repeat(200),
    ]) {
      await rejects('invalid', () => store.open(id, { create: true }), /thread id/);
      await rejects('invalid', () => store.open(id, { create: false }), /thread id/);
      await rejects('invalid', () => store.read(id), /thread id/);
      await rejects('invalid', () => store.remove(id), /thread id/);
    }
  });

  testLists(name, make);
  testBlobs(name, make);
}

function testLists(name: string, make: MakeStore): void {
  test(`${name}: an empty store lists nothing`, async (t) => {
    const store = await make(t);
    assert.deepEqual(await store.list({}), { threads: [] });
  });

  test(`${name}: a list shows what a thread is about`, async (t) => {
    const store = await make(t);
    await write(store, sampleThread('one', { parent: { thread: 'mother' } }));
    const [summary, ...none] = (await store.list({})).threads;
    assert.deepEqual(none, []);
    const { updatedMs, bytes, ...rest } = summary!;
    assert.ok(updatedMs > 0 && bytes > 1000);
    assert.deepEqual(rest, {
      id: 'one',
      name: 'a name',
      cwd: '/work',
      createdMs: 1_700_000_000_000,
      archived: false,
      preview: 'make the failing test pass [image image/png] [audio audio/wav] a [link file:///b]',
      parent: 'mother',
    });
  });

  test(`${name}: the last name and the last word on archiving count`, async (t) => {
    const store = await make(t);
    const bodies = [{ name: 'old', archived: true }, { name: 'new' }, {}] as const;
    await write(store, [
      head('one'),
      ...bodies.map((body, n) => stamp({ type: 'meta', ...body }, n + 1)),
    ]);
    assert.deepEqual(await ids(store, {}), []);
    const [summary] = (await store.list({ archived: true })).threads;
    assert.equal(summary?.name, 'new');
    const log = await store.open('one', { create: false });
    await log.append([stamp({ type: 'meta', archived: false }, 4)], false);
    await log.close();
    assert.deepEqual(await ids(store, {}), ['one']);
  });

  test(`${name}: text that looks like an item does not mislead a list`, async (t) => {
    const store = await make(t);
    const text = '{"type":"meta","name":"wrong"}\n"type":"user"';
    const call = { type: 'call', id: 'f', call: 'c', name: 'x', args: text } as const;
    const detail = { type: 'meta', name: 'wrong', nested: { type: 'user', content: [] } };
    const result = {
      type: 'result',
      call: 'c',
      name: 'x',
      content: [],
      isError: false,
      detail,
      durationMs: 1,
    } as const;
    const user = {
      type: 'user',
      content: [{ type: 'text', text: ' the\n input ' }],
      how: 'start',
    } as const;
    await write(store, [head('one'), stamp(call, 1), stamp(result, 2), stamp(user, 3)]);
    const [summary] = (await store.list({})).threads;
    assert.equal(summary?.name, undefined);
    assert.equal(summary?.preview, 'the input');
  });

  test(`${name}: a long first input is shown by its first words`, async (t) => {
    const store = await make(t);
    const user = {
      type: 'user',
      content: [{ type: 'text', text: 'word '.repeat(600_000) }],
      how: 'start',
    } as const;
    await write(store, [head('one'), stamp(user, 1)]);
    const [summary] = (await store.list({})).threads;
    assert.match(summary?.preview ?? '', /^word word .*word…$/);
    assert.ok((summary?.preview.length ?? 0) <= 120);
  });

  test(`${name}: a query asks by folder, parent, archive and words`, async (t) => {
    const store = await make(t);
    await write(store, [
      head('a', { settings: { ...sampleSettings, cwd: '/a' } }),
      say('Fix the PARSER'),
    ]);
    await write(store, [head('b', { parent: { thread: 'a' } }), say('write docs')]);
    await write(store, [
      head('c'),
      say('nothing'),
      stamp({ type: 'meta', archived: true, name: 'Parser two' }, 2),
    ]);
    assert.deepEqual(await ids(store, {}), ['a', 'b']);
    assert.deepEqual(await ids(store, { cwd: '/a' }), ['a']);
    assert.deepEqual(await ids(store, { parent: 'a' }), ['b']);
    assert.deepEqual(await ids(store, { archived: true }), ['c']);
    assert.deepEqual(await ids(store, { search: 'parser' }), ['a']);
    assert.deepEqual(await ids(store, { search: 'parser', archived: true }), ['c']);
    assert.deepEqual(await ids(store, { search: 'write', cwd: '/a' }), []);
  });

  test(`${name}: pages follow each other without a gap or a thread shown twice`, async (t) => {
    const store = await make(t);
    const all = Array.from(
      { length: 23 },
      (_, index) => `thread-${String(index).padStart(2, '0')}`,
    );
    for (const id of all) await write(store, [head(id)]);
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await store.list({ limit: 5, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.threads.map((thread) => thread.id));
      cursor = page.next;
      pages++;
    } while (cursor !== undefined);
    assert.equal(pages, 5);
    assert.deepEqual(seen.toSorted(), all);
    const times = (await store.list({})).threads.map((thread) => thread.updatedMs);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    );
  });

  test(`${name}: a cursor that no list gave is refused`, async (t) => {
    const store = await make(t);
    await rejects('invalid', () => store.list({ cursor: 'nonsense' }), /cursor/);
  });
}

function testBlobs(name: string, make: MakeStore): void {
  test(`${name}: a blob is kept by the SHA-256 of its bytes`, async (t) => {
    const { blobs } = await make(t);
    const bytes = Buffer.from([0, 255, 10, 13]);
    const hash = await blobs.put(bytes);
    assert.match(hash, /^[0-9a-f]{64}$/);
    assert.equal(
      await blobs.put(Buffer.from('')),
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    assert.equal(await blobs.put(bytes), hash);
    bytes.fill(1);
    assert.deepEqual(Buffer.from((await blobs.get(hash))!), Buffer.from([0, 255, 10, 13]));
  });

  test(`${name}: a blob that is not there is undefined, also under a name that is no hash`, async (t) => {
    const { blobs } = await make(t);
    for (const hash of ['0'.repeat(64), '', '../one.jsonl', 'x'.repeat(64)]) {
      assert.equal(await blobs.get(hash), undefined);
    }
  });
}

/** The first item of a thread. */
export function head(id: string, changes: Partial<ThreadItem> = {}): Item {
  return stamp({ type: 'thread', version: 1, id, settings: sampleSettings, ...changes }, 0);
}

function say(text: string): Item {
  return stamp({ type: 'user', content: [{ type: 'text', text }], how: 'start' }, 1);
}

/** Writes a new thread and closes it. */
export async function write(store: Store, items: readonly Item[]): Promise<void> {
  const [first] = items;
  assert.ok(first?.type === 'thread');
  const log = await store.open(first.id, { create: true });
  await log.append(items, false);
  await log.close();
}

/** Expects a KernelError of this code, thrown or rejected, whose message fits. */
export async function rejects(code: ErrorCode, act: () => unknown, message: RegExp): Promise<void> {
  await assert.rejects(async () => act(), { name: 'KernelError', code, message });
}

async function ids(store: Store, query: ThreadQuery): Promise<readonly string[]> {
  return (await store.list(query)).threads.map((thread) => thread.id).toSorted();
}
