import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';

import jsonl, { jsonlStore, options } from '../../../plugins/stores/jsonl.ts';
import { sampleThread, stamp } from '../../contracts/sample-items.ts';
import { head, rejects, storeContract, write } from '../../contracts/stores.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

storeContract('jsonl', (t) => jsonlStore(join(temporaryFolder(t), 'threads')));

test('the options take a directory and nothing else', async () => {
  const schema = await options();
  assert.deepEqual(schema.parse({ directory: '/x' }), { directory: '/x' });
  assert.equal(schema.safeParse({ folder: '/x' }).success, false);
  assert.equal(jsonl().name, 'jsonl');
});

test('a file cut anywhere opens with its whole lines, and goes on from there', async (t) => {
  const directory = temporaryFolder(t);
  const store = jsonlStore(directory);
  const items = sampleThread('one');
  await write(store, items);
  const bytes = readFileSync(join(directory, 'one.jsonl'));
  const first = bytes.indexOf(10) + 1;
  const ends = [...bytes.keys()].filter((at) => bytes[at] === 10);
  for (let cut = 0; cut < bytes.length; cut++) {
    if (cut % 17 !== 0 && !ends.some((end) => Math.abs(end - cut) < 2)) continue;
    writeFileSync(join(directory, 'one.jsonl'), bytes.subarray(0, cut));
    const whole = bytes.subarray(0, cut).toString('latin1').split('\n').length - 1;
    if (cut < first) {
      await rejects('not_found', () => store.open('one', { create: false }), /no item/);
      continue;
    }
    assert.deepEqual(await store.read('one'), items.slice(0, whole));
    const log = await store.open('one', { create: false });
    assert.deepEqual(log.items, items.slice(0, whole));
    await log.append(items.slice(whole, whole + 1), false);
    await log.close();
    assert.deepEqual(await store.read('one'), items.slice(0, whole + 1));
  }
});

test('a last line of zeros, as a power loss leaves it, is cut away', async (t) => {
  const directory = temporaryFolder(t);
  const store = jsonlStore(directory);
  await write(store, sampleThread('one'));
  appendFileSync(join(directory, 'one.jsonl'), `${'\0'.repeat(100)}\n`);
  const log = await store.open('one', { create: false });
  assert.deepEqual(log.items, sampleThread('one'));
  await log.close();
});

test('a line broken in the middle is refused by file and line, and the file stays as it is', async (t) => {
  const directory = temporaryFolder(t);
  const store = jsonlStore(directory);
  await write(store, sampleThread('one'));
  const path = join(directory, 'one.jsonl');
  const lines = readFileSync(path, 'utf8').split('\n');
  const broken = [
    lines.with(4, '{"type":"tools",'),
    lines.toSpliced(4, 1),
    lines.with(4, '[]'),
    lines.with(4, 'null'),
    lines.with(4, ''),
  ].map((changed) => changed.join('\n'));
  for (const text of broken) {
    writeFileSync(path, text);
    await rejects(
      'store',
      () => store.open('one', { create: false }),
      /item 4 in line 5 of .*one\.jsonl.*head -n 4/,
    );
    await rejects('store', () => store.read('one'), /line 5/);
    assert.equal(readFileSync(path, 'utf8'), text);
    assert.equal(existsSync(join(directory, 'one.lock')), false);
  }
});

test('a thread of a newer format is refused, whatever its lines hold', async (t) => {
  const directory = temporaryFolder(t);
  const store = jsonlStore(directory);
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    join(directory, 'one.jsonl'),
    `${JSON.stringify(head('one', { version: 2 }))}\nnot json\nat all\n`,
  );
  await rejects(
    'version',
    () => store.open('one', { create: false }),
    /format 2.*up to 1.*update spindle/,
  );
  await rejects('version', () => store.read('one'), /format 2/);
});

test('a file under the name of another thread is refused', async (t) => {
  const directory = temporaryFolder(t);
  const store = jsonlStore(directory);
  await write(store, sampleThread('one'));
  writeFileSync(join(directory, 'two.jsonl'), readFileSync(join(directory, 'one.jsonl')));
  await rejects('store', () => store.open('two', { create: false }), /thread two \(not one\)/);
});

test('a link in the place of a thread is not followed', async (t) => {
  const directory = temporaryFolder(t);
  const store = jsonlStore(directory);
  await write(store, sampleThread('one'));
  symlinkSync(join(directory, 'one.jsonl'), join(directory, 'two.jsonl'));
  await rejects('store', () => store.open('two', { create: false }), /two\.jsonl/);
});

test('a write that fails half way leaves whole lines, and shorter ones still fit', async (t) => {
  const directory = temporaryFolder(t);
  const fixture = join(import.meta.dirname, '../../fixtures/stores/fill-disk.ts');
  const script = `ulimit -f 32; exec "$0" "$@"`;
  const run = await promisify(execFile)('sh', [
    '-c',
    script,
    process.execPath,
    fixture,
    directory,
    'one',
  ]);
  const { code, message, count } = JSON.parse(run.stdout) as {
    code: string;
    message: string;
    count: number;
  };
  assert.equal(code, 'store');
  assert.match(message, /one\.jsonl.*EFBIG/);
  assert.ok(count > 3);
  const items = await jsonlStore(directory).read('one');
  assert.equal(items.length, count + 1);
  assert.deepEqual(
    items.map((item) => item.n),
    items.map((_, n) => n),
  );
});

test('folders are 0700 and files 0600, whatever the umask', async (t) => {
  const top = temporaryFolder(t);
  const old = process.umask(0);
  t.after(() => process.umask(old));
  const directory = join(top, 'state', 'threads');
  const store = jsonlStore(directory);
  const log = await store.open('one', { create: true });
  await log.append([head('one')], true);
  const hash = await store.blobs.put(Buffer.from('x'));
  assert.equal(mode(join(top, 'state')), 0o700);
  assert.equal(mode(directory), 0o700);
  assert.equal(mode(join(directory, 'blobs')), 0o700);
  for (const name of ['one.jsonl', 'one.lock', `blobs/${hash}`])
    assert.equal(mode(join(directory, name)), 0o600, name);
  await log.close();
  assert.deepEqual(readdirSync(directory).toSorted(), ['blobs', 'one.jsonl']);
});

test('another process that has the thread open is named, and after its kill −9 the thread can be had', async (t) => {
  const directory = temporaryFolder(t);
  const store = jsonlStore(directory);
  await write(store, sampleThread('one'));
  const holder = hold(t, directory);
  assert.equal(await holder.line, `open ${sampleThread('one').length}`);
  await rejects(
    'conflict',
    () => store.open('one', { create: false }),
    new RegExp(`process ${holder.child.pid}\\b.*close it`),
  );
  await rejects('conflict', () => store.remove('one'), /thread one is open/);
  assert.equal((await store.read('one')).length, sampleThread('one').length);
  holder.child.kill('SIGKILL');
  await once(holder.child, 'exit');
  const log = await store.open('one', { create: false });
  await log.close();
  assert.deepEqual(readdirSync(directory), ['one.jsonl']);
});

test('of many processes that find a dead holder, one gets the thread', async (t) => {
  const directory = temporaryFolder(t);
  await write(jsonlStore(directory), sampleThread('one'));
  writeFileSync(join(directory, 'one.lock'), lock({ pid: 4_194_303, started: '1' }));
  const holders = Array.from({ length: 6 }, () => hold(t, directory));
  const lines = await Promise.all(holders.map((holder) => holder.line));
  assert.equal(lines.filter((line) => line.startsWith('open ')).length, 1, lines.join('\n'));
  assert.equal(lines.filter((line) => line.startsWith('conflict ')).length, 5, lines.join('\n'));
});

test('a lock of an earlier process with the same id is stale, one of another machine is not', async (t) => {
  const directory = temporaryFolder(t);
  const store = jsonlStore(directory);
  await write(store, sampleThread('one'));
  const path = join(directory, 'one.lock');
  if (process.platform === 'linux') {
    writeFileSync(path, lock({ pid: process.pid, started: '1' }));
    await (await store.open('one', { create: false })).close();
  }
  writeFileSync(path, lock({ pid: 4_194_303, started: '1', host: 'elsewhere' }));
  await rejects(
    'conflict',
    () => store.open('one', { create: false }),
    /process 4194303 on elsewhere.*remove .*one\.lock/,
  );
});

test('a lock without a holder counts while it is young', async (t) => {
  const directory = temporaryFolder(t);
  const store = jsonlStore(directory);
  await write(store, sampleThread('one'));
  const path = join(directory, 'one.lock');
  writeFileSync(path, '');
  await rejects('conflict', () => store.open('one', { create: false }), /one\.lock/);
  utimesSync(path, 1, 1);
  await (await store.open('one', { create: false })).close();
});

test('a state folder that cannot be made or written is named with what to do', async (t) => {
  const directory = temporaryFolder(t);
  writeFileSync(join(directory, 'file'), '');
  const store = jsonlStore(join(directory, 'file', 'threads'));
  await rejects(
    'store',
    () => store.open('one', { create: true }),
    /file\/threads.*ENOTDIR.*SPINDLE_HOME/,
  );
  await rejects('store', () => store.blobs.put(Buffer.from('x')), /file\/threads/);
  if (process.getuid?.() === 0) return;
  const closed = join(directory, 'closed');
  mkdirSync(closed, { mode: 0o500 });
  await rejects(
    'store',
    () => jsonlStore(closed).open('one', { create: true }),
    /closed.*EACCES.*SPINDLE_HOME/,
  );
});

test('a list is newest first by the time of the last write', async (t) => {
  const directory = temporaryFolder(t);
  const store = jsonlStore(directory);
  for (const id of ['a', 'b', 'c']) await write(store, [head(id)]);
  const touch = (id: string, seconds: number) =>
    utimesSync(join(directory, `${id}.jsonl`), seconds, seconds);
  touch('a', 2000);
  touch('b', 3000);
  touch('c', 1000);
  const { threads } = await store.list({});
  assert.deepEqual(
    threads.map(({ id, updatedMs }) => [id, updatedMs]),
    [
      ['b', 3_000_000],
      ['a', 2_000_000],
      ['c', 1_000_000],
    ],
  );
});

test('a list passes over what is no thread, and goes on reading files that grew or were cut', async (t) => {
  const directory = temporaryFolder(t);
  const store = jsonlStore(directory);
  await write(store, [head('one'), stamp({ type: 'meta', name: 'first' }, 1)]);
  const path = join(directory, 'one.jsonl');
  writeFileSync(join(directory, 'torn.jsonl'), '{"type":"thr');
  writeFileSync(join(directory, 'other.jsonl'), '{"a":1}\n');
  writeFileSync(join(directory, 'notes.txt'), 'x');
  const nameNow = async () => (await store.list({})).threads.map((thread) => thread.name);
  assert.deepEqual(await nameNow(), ['first']);
  const whole = statSync(path).size;
  appendFileSync(path, '{"n":2,"at":1,"type":"meta","na');
  assert.deepEqual(await nameNow(), ['first']);
  appendFileSync(path, 'me":"second"}\n');
  assert.deepEqual(await nameNow(), ['second']);
  truncateSync(path, whole);
  assert.deepEqual(await nameNow(), ['first']);
  rmSync(path);
  assert.deepEqual(await nameNow(), []);
});

test('a blob that was damaged on disk is not given out, and can be put again', async (t) => {
  const directory = temporaryFolder(t);
  const { blobs } = jsonlStore(directory);
  const hash = await blobs.put(Buffer.from('content'));
  const path = join(directory, 'blobs', hash);
  writeFileSync(path, '');
  assert.equal(await blobs.get(hash), undefined);
  await blobs.put(Buffer.from('content'));
  assert.equal(Buffer.from((await blobs.get(hash))!).toString(), 'content');
});

test('a blob that is there is marked as used instead of written again', async (t) => {
  const directory = temporaryFolder(t);
  const { blobs } = jsonlStore(directory);
  const hash = await blobs.put(Buffer.from('content'));
  const path = join(directory, 'blobs', hash);
  utimesSync(path, 1000, 1000);
  const before = statSync(path);
  await blobs.put(Buffer.from('content'));
  assert.equal(statSync(path).ino, before.ino);
  assert.ok(statSync(path).mtimeMs > before.mtimeMs);
});

function mode(path: string): number {
  return statSync(path).mode & 0o777;
}

function lock(holder: {
  readonly pid: number;
  readonly started: string;
  readonly host?: string;
}): string {
  return JSON.stringify({ host: hostname(), ...holder });
}

/** A process that opens the thread `one`, and its first line. */
function hold(
  t: TestContext,
  directory: string,
): { readonly child: ChildProcess; readonly line: Promise<string> } {
  const fixture = join(import.meta.dirname, '../../fixtures/stores/hold-thread.ts');
  const child = spawn(process.execPath, [fixture, directory, 'one'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const line = once(createInterface({ input: child.stdout }), 'line').then(([text]) =>
    String(text),
  );
  return { child, line };
}
