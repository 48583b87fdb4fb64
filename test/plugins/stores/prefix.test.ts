/** A thread file that was cut anywhere, and a thread that is copied from any item, through the kernel. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import * as fc from 'fast-check';

import { createKernel, type Client, type Item, type Kernel } from '../../../core/index.ts';
import local from '../../../plugins/machines/local.ts';
import scripted from '../../../plugins/models/scripted.ts';
import approval from '../../../plugins/policies/approval.ts';
import history from '../../../plugins/prompts/history.ts';
import jsonl from '../../../plugins/stores/jsonl.ts';
import shell from '../../../plugins/tools/shell.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

const turnOf = (text: string) => [
  {
    text: 'I look.',
    calls: ['echo 1', 'exit 3'].map((command) => ({ name: 'shell', args: { command } })),
  },
  { text },
];

interface World {
  readonly directory: string;
  readonly open: () => Promise<Kernel>;
}

function makeWorld(t: TestContext): World {
  const base = temporaryFolder(t);
  const directory = join(base, 'threads');
  const steps = [...turnOf('One.'), ...turnOf('Two.'), ...turnOf('Three.'), ...turnOf('Four.')];
  const settings = {
    cwd: base,
    roots: [base],
    provider: 'scripted',
    sandbox: 'danger-full-access',
    approval: 'on-request',
  } as const;
  return {
    directory,
    open: () =>
      createKernel({
        plugins: [
          local(),
          approval(),
          jsonl({ directory }),
          scripted({ steps }),
          history(),
          shell(),
        ].map((plugin) => ({ plugin })),
        settings,
      }),
  };
}

async function say(client: Client, thread: string, text: string): Promise<Item | undefined> {
  const { last } = await client.request('thread/read', { thread, limit: 0 });
  using events = client.subscribe({ thread, after: last });
  await client.request('turn/start', { thread, input: [{ type: 'text', text }] });
  for await (const event of events)
    if (event.type === 'item/appended' && event.item.type === 'end') return event.item;
  return undefined;
}

/** A thread with turns, calls, a revert and what goes on after it, on disk and closed. */
async function writtenThread({ open }: World): Promise<string> {
  await using kernel = await open();
  const client = kernel.client('test');
  const { id } = await client.request('thread/start', {});
  await say(client, id, 'one');
  await say(client, id, 'two');
  const { items } = await client.request('thread/read', { thread: id });
  const turn = items.findLast((item) => item.type === 'turn')?.id ?? '';
  await client.request('thread/revert', { thread: id, turn });
  await say(client, id, 'three');
  return id;
}

/** Each call of a list has exactly one result, and no result is without its call. */
function assertPaired(items: readonly Item[]): void {
  const calls = items.flatMap((item) => (item.type === 'call' ? [item.call] : []));
  const results = items.flatMap((item) => (item.type === 'result' ? [item.call] : []));
  assert.deepEqual(results.toSorted(), calls.toSorted());
}

async function windowOf(client: Client, thread: string): Promise<readonly Item[]> {
  const { parts } = await client.request('thread/window', { thread });
  return parts.map(({ part }) => part);
}

test('any prefix of a thread file opens: its whole items as they were, what was open closed, the next turn possible', async (t) => {
  const world = makeWorld(t);
  const id = await writtenThread(world);
  const path = join(world.directory, `${id}.jsonl`);
  const bytes = readFileSync(path);
  const start = bytes.indexOf(10) + 1;
  const cuts = fc.integer({ min: start, max: bytes.length });
  const holds = fc.asyncProperty(cuts, async (cut) => {
    writeFileSync(path, bytes.subarray(0, cut));
    await using kernel = await world.open();
    const client = kernel.client('test');
    await client.request('thread/resume', { thread: id });
    const { items } = await client.request('thread/read', { thread: id });
    const whole = bytes.subarray(0, cut).toString().split('\n').slice(0, -1);
    assert.deepEqual(
      items.slice(0, whole.length).map((item) => JSON.stringify(item)),
      whole,
    );
    assertPaired(items);
    assertPaired(await windowOf(client, id));
    const end = await say(client, id, 'and on');
    assert.equal(end?.type === 'end' && end.status, 'completed');
  });
  await fc.assert(holds, { numRuns: 25 });
});

test('a copy from any item has the window of that item, its calls closed, and goes on', async (t) => {
  const world = makeWorld(t);
  const id = await writtenThread(world);
  await using kernel = await world.open();
  const client = kernel.client('test');
  const { items, last } = await client.request('thread/read', { thread: id });
  for (let after = 0; after <= last; after++) {
    const copy = await client.request('thread/fork', { thread: id, after, ephemeral: true });
    const read = await client.request('thread/read', { thread: copy.id });
    assert.deepEqual(read.items.slice(1, after + 1), items.slice(1, after + 1));
    assertPaired(read.items);
    const window = await windowOf(client, copy.id);
    assertPaired(window);
    const known = new Set(items.slice(0, after + 1).map(({ n }) => n));
    assert.ok(window.every(({ n, type }) => known.has(n) || type === 'result'));
    await client.request('thread/close', { thread: copy.id });
  }
  const copy = await client.request('thread/fork', { thread: id, after: 12, ephemeral: true });
  const end = await say(client, copy.id, 'and on');
  assert.equal(end?.type, 'end');
});
