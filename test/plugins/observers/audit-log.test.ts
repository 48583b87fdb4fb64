import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import * as fc from 'fast-check';

import { LogWriter } from '../../../plugins/observers/audit/log.ts';
import { verifyFile, verifyFolder } from '../../../plugins/observers/audit/verify.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

const program = join(import.meta.dirname, '../../fixtures/observers/append.ts');

function folderFor(t: TestContext): string {
  const base = temporaryFolder(t);
  return join(base, 'audit');
}

const entry = (index: number) => ({ type: 'decision', at: 1, text: `entry ${index}` });

/** A log of so many lines, the first among them; gives its one file. */
function logOf(folder: string, lines: number): string {
  const log = new LogWriter(folder);
  for (let index = 1; index < lines; index++) assert.ok(log.append([entry(index)], 0));
  return fileIn(folder);
}

const namesIn = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.jsonl'));

function fileIn(folder: string): string {
  const [name = '', ...more] = namesIn(folder);
  assert.deepEqual(more, []);
  return join(folder, name);
}

const linesIn = (file: string) => readFileSync(file, 'utf8').trimEnd().split('\n');
const put = (file: string, lines: readonly string[]) =>
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));

/** `line: message` of each fault. */
async function faultsIn(folder: string): Promise<readonly string[]> {
  const { faults } = await verifyFolder(folder);
  return faults.map(({ file, line, message }) => `${file}:${line ?? ''} ${message}`);
}

test('a log is whole, private, and numbered from its first line on', async (t) => {
  const folder = folderFor(t);
  const before = process.umask(0);
  const file = logOf(folder, 5);
  process.umask(before);
  const lines = linesIn(file).map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    lines.map(({ n }) => n),
    [0, 1, 2, 3, 4],
  );
  assert.match(String(lines[0]?.['id']), /^[0-9a-f-]{36}$/);
  const { faults, end, lines: count } = await verifyFolder(folder);
  assert.deepEqual([faults, end?.n, count], [[], 4, 5]);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  for (const name of readdirSync(folder)) {
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  }
});

test('a folder without a log is none that was changed', async (t) => {
  const folder = folderFor(t);
  assert.deepEqual(await verifyFolder(folder), { files: [], lines: 0, end: undefined, faults: [] });
  assert.ok(!existsSync(folder));
});

type Change = (lines: readonly string[], at: number) => readonly string[];

/** What is done to a log of 8 lines at each place, and the line (from 1) that is named. */
const changes: readonly (readonly [string, Change, (at: number) => number])[] = [
  ['a letter changed', (lines, at) => lines.with(at, edited(lines[at] ?? '')), (at) => at + 1],
  ['a line removed', (lines, at) => lines.toSpliced(at, 1), (at) => at + 1],
  ['a line written twice', (lines, at) => lines.toSpliced(at, 0, lines[at] ?? ''), (at) => at + 2],
  ['a line damaged', (lines, at) => lines.with(at, 'no line at all'), (at) => at + 1],
  [
    'two lines swapped',
    (lines, at) => lines.with(at, lines[at + 1] ?? '').with(at + 1, lines[at] ?? ''),
    (at) => at + 1,
  ],
];

const edited = (line: string) => line.replace(/"at":\d/, '"at":7');

for (const [what, change, named] of changes) {
  for (const at of [0, 1, 3, 5, 6]) {
    test(`${what} at line ${at + 1} of 8 is found there`, async (t) => {
      const folder = folderFor(t);
      const file = logOf(folder, 8);
      const lines = linesIn(file);
      put(file, change(lines, at));
      const { faults } = await verifyFolder(folder);
      assert.ok(faults.length > 0);
      assert.equal(faults[0]?.line, named(at), JSON.stringify(faults));
    });
  }
}

test('the last line: changed, removed, cut off, all found, and where the log should end is told', async (t) => {
  const folder = folderFor(t);
  const file = logOf(folder, 4);
  const lines = linesIn(file);
  put(file, lines.with(3, edited(lines[3] ?? '')));
  assert.match((await faultsIn(folder)).join(), /:4 it was changed after it was written$/);
  put(file, lines.slice(0, 2));
  assert.match(
    (await faultsIn(folder)).join(),
    /:2 the lines after it, up to number 3, are missing$/,
  );
  put(file, lines);
  truncateSync(file, statSync(file).size - 9);
  assert.match((await faultsIn(folder)).join(), /:4 it was cut off in the middle/);
  rmSync(file);
  assert.match((await faultsIn(folder)).join(), /jsonl: it is missing$/);
});

test('a line put together by hand is found, whatever its number', async (t) => {
  const folder = folderFor(t);
  const file = logOf(folder, 6);
  const lines = linesIn(file);
  for (const n of [1, 3, 9]) {
    const forged = JSON.stringify({
      n,
      type: 'decision',
      at: 1,
      verdict: 'allow',
      prev: 'ab'.repeat(32),
    });
    put(file, lines.with(3, forged));
    const [first = ''] = await faultsIn(folder);
    assert.match(first, /jsonl:4 /);
  }
});

test('any change of any byte is found', async (t) => {
  const folder = folderFor(t);
  const file = logOf(folder, 6);
  const whole = readFileSync(file);
  const rule = fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
    const bytes = Buffer.from(whole);
    fc.pre(bytes[at] !== byte);
    bytes[at] = byte;
    writeFileSync(file, bytes);
    assert.notDeepEqual(await faultsIn(folder), []);
  });
  await fc.assert(rule, { numRuns: 200 });
});

test('a new month goes on where the former one ended, and a month that is gone is missed', async (t) => {
  const folder = folderFor(t);
  const file = logOf(folder, 3);
  const old = join(folder, '2001-01.jsonl');
  renameSync(file, old);
  const head = join(folder, 'head.json');
  writeFileSync(head, readFileSync(head, 'utf8').replace(/\d{4}-\d\d\.jsonl/, '2001-01.jsonl'));
  assert.deepEqual(await faultsIn(folder), []);
  new LogWriter(folder).append([entry(1)], 0);
  const { faults, files, end } = await verifyFolder(folder);
  assert.deepEqual([faults, files.length, end?.n], [[], 2, 4]);
  assert.deepEqual((await verifyFile(files[1] ?? '')).faults, []);
  const lines = linesIn(old);
  put(old, lines.slice(0, 2));
  assert.match((await faultsIn(folder)).join(), /:1 lines are missing before it/);
  put(old, lines.with(2, edited(lines[2] ?? '')));
  assert.match((await faultsIn(folder)).join(), /2001-01.jsonl:3 it was changed/);
  rmSync(old);
  assert.match((await faultsIn(folder)).join(), /:1 it continues 2001-01\.jsonl, which is missing/);
});

test('what was done to a log is in it for good once something more is written', async (t) => {
  const folder = folderFor(t);
  const file = logOf(folder, 5);
  put(file, linesIn(file).slice(0, 3));
  new LogWriter(folder).append([entry(9)], 0);
  assert.match((await faultsIn(folder)).join('\n'), /the lines up to 4 of .* are missing/);
  assert.equal(linesIn(file).length, 5);
});

test('half a line, as a power loss may leave it, stays, and the log goes on after it', async (t) => {
  const folder = folderFor(t);
  const file = logOf(folder, 3);
  appendFileSync(file, '{"n":3,"type":"decis');
  new LogWriter(folder).append([entry(3)], 0);
  const faults = await faultsIn(folder);
  assert.match(faults[0] ?? '', /:4 it is damaged/);
  assert.match(faults[1] ?? '', /:5 when this line was written, the line before was cut off/);
  assert.equal(faults.length, 2);
  assert.equal(linesIn(file).length, 6);
});

test('a file of another kind is refused by what it should be', async (t) => {
  const folder = folderFor(t);
  await assert.rejects(verifyFile(join(folder, 'gone.jsonl')), {
    code: 'not_found',
    message: /expected a file of an audit log, but .*gone\.jsonl is none: .*audit verify/,
  });
});

test('processes that write at the same time make one log, with every line of each in order', async (t) => {
  const folder = folderFor(t);
  const [writers, count] = [4, 100];
  const children = Array.from({ length: writers }, (_, index) =>
    spawn(process.execPath, [program, folder, `writer${index}`, String(count)], {
      stdio: 'inherit',
    }),
  );
  const ends = await Promise.all(children.map((child) => once(child, 'exit')));
  assert.deepEqual(
    ends.map(([code]: unknown[]) => code),
    Array(writers).fill(0),
  );
  const { faults, lines } = await verifyFolder(folder);
  assert.deepEqual([faults, lines], [[], writers * count + 1]);
  const found = linesIn(fileIn(folder)).map((line) => JSON.parse(line) as Record<string, unknown>);
  for (let index = 0; index < writers; index++) {
    const own = found.filter(({ name }) => name === `writer${index}`).map((one) => one['index']);
    assert.deepEqual(
      own,
      Array.from({ length: count }, (_, at) => at),
    );
  }
});

test('the lock of a process that lives keeps others out; that of a dead one, or an old one, does not', (t) => {
  const folder = folderFor(t);
  mkdirSync(folder);
  const lock = join(folder, 'lock');
  const log = new LogWriter(folder);
  writeFileSync(lock, `${process.pid} ${hostname()}`);
  assert.equal(log.append([entry(1)], 20), false);
  const { pid } = spawnSync(process.execPath, ['-e', '0']);
  writeFileSync(lock, `${pid} ${hostname()}`);
  assert.equal(log.append([entry(1)], 0), true);
  writeFileSync(lock, `1 another-host`);
  assert.equal(log.append([entry(2)], 0), false);
  const old = new Date(Date.now() - 60_000);
  utimesSync(lock, old, old);
  assert.equal(log.append([entry(2)], 0), true);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('lock')),
    [],
  );
});
