/** The jsonl store through the kernel: threads survive, are listed, and belong to one process. */

import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { createKernel, models, type Client, type Item, type Plugin } from '../../../core/index.ts';
import local from '../../../plugins/machines/local.ts';
import approval from '../../../plugins/policies/approval.ts';
import jsonl from '../../../plugins/stores/jsonl.ts';
import { rejects } from '../../contracts/stores.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

const parrot: Plugin = {
  name: 'parrot',
  api: 1,
  setup(host) {
    host.add(models, {
      name: 'parrot',
      traits: () => ({
        model: 'parrot',
        window: 1e6,
        output: 1000,
        images: false,
        tools: true,
        efforts: [],
      }),
      encode: (part) => JSON.stringify(part),
      async *stream() {
        yield {
          type: 'output',
          output: { type: 'assistant', id: crypto.randomUUID(), text: 'hello' },
        };
        yield { type: 'done', stop: 'end' };
      },
    });
  },
};

async function openKernel(
  t: TestContext,
  directory: string,
): Promise<{ readonly client: Client; readonly close: () => Promise<void> }> {
  const plugins = [local(), approval(), jsonl({ directory }), parrot].map((plugin) => ({ plugin }));
  const kernel = await createKernel({
    plugins,
    settings: { cwd: tmpdir(), roots: [tmpdir()], provider: 'parrot' },
  });
  t.after(() => kernel[Symbol.asyncDispose]());
  return { client: kernel.client('test'), close: async () => kernel[Symbol.asyncDispose]() };
}

async function say(client: Client, thread: string, text: string): Promise<void> {
  const { last } = await client.request('thread/read', { thread, limit: 0 });
  using events = client.subscribe({ thread, after: last });
  await client.request('turn/start', { thread, input: [{ type: 'text', text }] });
  for await (const event of events)
    if (event.type === 'item/appended' && event.item.type === 'end') break;
}

/** As JSON says them: without keys that hold nothing. */
async function itemsOf(client: Client, thread: string): Promise<readonly Item[]> {
  const { items } = await client.request('thread/read', { thread });
  return JSON.parse(JSON.stringify(items)) as readonly Item[]; // they are plain data
}

function temp(t: TestContext): string {
  const directory = temporaryFolder(t);
  return join(directory, 'threads');
}

test('a thread is on disk line by line, and resumes as it was', async (t) => {
  const directory = temp(t);
  const first = await openKernel(t, directory);
  const { id } = await first.client.request('thread/start', { name: 'mine' });
  await say(first.client, id, 'make it so');
  const items = await itemsOf(first.client, id);
  const lines = readFileSync(join(directory, `${id}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    items,
  );
  await first.close();
  const second = await openKernel(t, directory);
  const { threads } = await second.client.request('thread/list', {});
  assert.deepEqual(
    threads.map(({ name, preview, cwd }) => ({ name, preview, cwd })),
    [{ name: 'mine', preview: 'make it so', cwd: tmpdir() }],
  );
  await second.client.request('thread/resume', { thread: id });
  assert.deepEqual((await itemsOf(second.client, id)).slice(0, items.length), items);
  await say(second.client, id, 'again');
});

test('a thread that was cut in the middle of a turn resumes with the turn ended, and goes on', async (t) => {
  const directory = temp(t);
  const first = await openKernel(t, directory);
  const { id } = await first.client.request('thread/start', {});
  await say(first.client, id, 'make it so');
  await first.close();
  const path = join(directory, `${id}.jsonl`);
  const text = readFileSync(path, 'utf8');
  truncateSync(path, Buffer.byteLength(text.slice(0, text.lastIndexOf('"type":"end"') + 3)));
  const second = await openKernel(t, directory);
  await second.client.request('thread/resume', { thread: id });
  const end = (await itemsOf(second.client, id)).findLast((item) => item.type === 'end');
  assert.equal(end?.status, 'interrupted');
  await say(second.client, id, 'again');
  assert.equal((await itemsOf(second.client, id)).at(-1)?.type, 'end');
});

test('a thread that is open in another kernel is a conflict, and can be had when it is closed there', async (t) => {
  const directory = temp(t);
  const [first, second] = [await openKernel(t, directory), await openKernel(t, directory)];
  const { id } = await first.client.request('thread/start', {});
  await say(first.client, id, 'make it so');
  await rejects(
    'conflict',
    () => second.client.request('thread/resume', { thread: id }),
    /is open in/,
  );
  await first.client.request('thread/close', { thread: id });
  await second.client.request('thread/resume', { thread: id });
});

test('a state folder that cannot be made stops the start of a thread with a clear error', async (t) => {
  const directory = temp(t);
  writeFileSync(directory, 'a file');
  const { client } = await openKernel(t, directory);
  await rejects('store', () => client.request('thread/start', {}), /threads.*SPINDLE_HOME/);
});
