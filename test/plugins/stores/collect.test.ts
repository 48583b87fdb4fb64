/** Whole outputs of calls are collected: by hand, by themselves, while others use them. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';

import { createKernel, type Client } from '../../../core/index.ts';
import jsonl, { jsonlStore, options, type JsonlOptions } from '../../../plugins/stores/jsonl.ts';
import { stamp } from '../../contracts/sample-items.ts';
import { head, write } from '../../contracts/stores.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

const dayMs = 86_400_000;
const nothing = { count: 0, bytes: 0, referred: 0 };

/** A blob of so many bytes, used so many days ago. */
async function put(directory: string, bytes: number, days: number): Promise<string> {
  const hash = await jsonlStore(directory).blobs.put(Buffer.alloc(bytes, bytes));
  age(directory, hash, days);
  return hash;
}

function age(directory: string, name: string, days: number): void {
  const at = (Date.now() - days * dayMs) / 1000;
  utimesSync(join(directory, 'blobs', name), at, at);
}

/** A thread with one result whose whole is this blob. */
function refer(directory: string, id: string, blob: string): Promise<void> {
  const result = {
    type: 'result',
    call: 'c',
    name: 'tool',
    isError: false,
    durationMs: 1,
  } as const;
  const full = { blob, bytes: 1 };
  return write(jsonlStore(directory), [head(id), stamp({ ...result, content: [], full }, 1)]);
}

async function clientOf(t: TestContext, config: JsonlOptions): Promise<Client> {
  const kernel = await createKernel({ plugins: [{ plugin: jsonl(config) }] });
  t.after(() => kernel[Symbol.asyncDispose]());
  return kernel.client('test');
}

const stored = (directory: string) =>
  readdirSync(join(directory, 'blobs')).filter((name) => !name.startsWith('.'));

test('a collection tells what it would free by age, size and lost threads, and frees nothing until told to', async (t) => {
  const directory = temporaryFolder(t);
  const client = await clientOf(t, { directory });
  const old = await put(directory, 10, 40);
  const large = await put(directory, 500, 3);
  const used = await put(directory, 600, 2);
  const orphan = await put(directory, 30, 1);
  const fresh = await put(directory, 40, 0);
  for (const [at, hash] of [old, large, used].entries()) await refer(directory, `t${at}`, hash);
  const expected = {
    maxAgeMs: 30 * dayMs,
    maxBytes: 1000,
    aged: { count: 1, bytes: 10, referred: 1 },
    over: { count: 1, bytes: 500, referred: 1 },
    orphaned: { count: 1, bytes: 30, referred: 0 },
    kept: { count: 2, bytes: 640, referred: 1 },
  };
  assert.deepEqual(await client.call('blob/collect', { maxBytes: 1000 }), expected);
  assert.equal(stored(directory).length, 5);
  assert.deepEqual(await client.call('blob/collect', { apply: true, maxBytes: 1000 }), expected);
  assert.deepEqual(stored(directory).toSorted(), [fresh, used].toSorted());
  assert.ok(!stored(directory).includes(orphan));
  const again = await client.call('blob/collect', { apply: true, maxBytes: 1000 });
  assert.deepEqual(again, { ...expected, aged: nothing, over: nothing, orphaned: nothing });
});

test('within the bounds nothing goes that a thread refers to, and nothing that was just written', async (t) => {
  const directory = temporaryFolder(t);
  const client = await clientOf(t, { directory });
  const referred = await put(directory, 10, 29);
  const fresh = await put(directory, 20, 0);
  await refer(directory, 'one', referred);
  await client.call('blob/collect', { apply: true });
  assert.deepEqual(stored(directory).toSorted(), [referred, fresh].toSorted());
});

test('an empty or missing folder is nothing to free, and wrong bounds are refused', async (t) => {
  const client = await clientOf(t, { directory: join(temporaryFolder(t), 'none') });
  const { aged, kept } = Object(await client.call('blob/collect', {}));
  assert.deepEqual([aged, kept], [nothing, nothing]);
  for (const bad of [{ maxBytes: -1 }, { maxAgeMs: 'x' }])
    await assert.rejects(client.call('blob/collect', bad), { code: 'invalid' });
});

test('old blobs go by themselves while new ones are written, once a day', async (t) => {
  const directory = temporaryFolder(t);
  const { blobs } = jsonlStore(directory, { blobDays: 7 });
  await blobs.put(Buffer.from('first'));
  const old = await put(directory, 10, 8);
  await blobs.put(Buffer.from('second'));
  assert.ok(stored(directory).includes(old), 'expected it to wait for another day');
  age(directory, '.collected', 2);
  await blobs.put(Buffer.from('third'));
  assert.ok(!stored(directory).includes(old));
  assert.equal(stored(directory).length, 3);
});

test('too many bytes go by themselves, the oldest first, whatever the day', async (t) => {
  const directory = temporaryFolder(t);
  const { blobs } = jsonlStore(directory, { blobBytes: 1000 });
  const hashes: string[] = [];
  for (let at = 0; at < 20; at++) {
    hashes.push(await blobs.put(Buffer.alloc(110, at)));
    age(directory, hashes.at(-1) ?? '', 1 - at / 100);
  }
  const left = stored(directory);
  assert.ok(left.length >= 8 && left.length <= 10, `${left.length} are left`);
  assert.deepEqual(left.toSorted(), hashes.slice(-left.length).toSorted());
});

test('a blob that is read or put again counts as used', async (t) => {
  const directory = temporaryFolder(t);
  const client = await clientOf(t, { directory });
  const read = await put(directory, 10, 40);
  const again = await put(directory, 20, 40);
  const { blobs } = jsonlStore(directory);
  await blobs.get(read);
  await blobs.put(Buffer.alloc(20, 20));
  await client.call('blob/collect', { apply: true });
  assert.deepEqual(stored(directory).toSorted(), [read, again].toSorted());
});

test('what a killed collector and a killed writer left half done is put right', async (t) => {
  const directory = temporaryFolder(t);
  const client = await clientOf(t, { directory });
  const hash = await put(directory, 10, 2);
  await refer(directory, 'one', hash);
  const folder = join(directory, 'blobs');
  const part = `${'0'.repeat(64)}.77.part`;
  writeFileSync(join(folder, part), 'half');
  age(directory, part, 1);
  writeFileSync(join(folder, `${'1'.repeat(64)}.78.part`), 'being written');
  writeFileSync(join(folder, `${'2'.repeat(64)}.79.gone`), 'going');
  await client.call('blob/collect', { apply: true });
  assert.deepEqual(
    stored(directory).toSorted(),
    ['1'.repeat(64) + '.78.part', '2'.repeat(64), hash].toSorted(),
  );
});

test('a process that puts a blob while another collects it finds it there', async (t) => {
  const directory = temporaryFolder(t);
  const fixture = join(import.meta.dirname, '../../fixtures/stores/put-blobs.ts');
  const argv = [fixture, directory, '600'];
  const writer = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => writer.kill('SIGKILL'));
  const said = text(writer.stdout);
  const client = await clientOf(t, { directory });
  let freed = 0;
  while (writer.exitCode === null) {
    const { orphaned } = Object(await client.call('blob/collect', { apply: true }));
    freed += orphaned.count;
    await new Promise(setImmediate);
  }
  assert.ok(freed > 0, 'expected some to be collected in between');
  const { lost, found } = JSON.parse(await said);
  assert.deepEqual(lost, []);
  assert.ok(found > 0, 'expected some not to be collected');
});

test('the options take bounds', async () => {
  const schema = await options();
  assert.ok(schema.safeParse({ blobDays: 0.5, blobBytes: 1000 }).success);
  assert.ok(!schema.safeParse({ blobDays: 0 }).success);
});
