import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import * as fc from 'fast-check';

import { readHead, readLines } from '../../../plugins/tools/file/lines.ts';
import readFile from '../../../plugins/tools/read-file.ts';
import shell from '../../../plugins/tools/shell.ts';
import { openToolThread, textOfResult } from '../../contracts/tool-thread.ts';
import { toolContract } from '../../contracts/tools.ts';

const numbered = (count: number) =>
  Array.from({ length: count }, (_, at) => `line ${at + 1}\n`).join('');

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

toolContract('read_file', {
  plugin: () => readFile(),
  files: { 'a.txt': 'alpha\nbeta\n', 'sub/b.txt': '', 'p.png': png },
  valid: { path: 'a.txt' },
  invalid: [
    { args: {}, names: 'path' },
    { args: { path: 'gone.txt' }, names: 'gone.txt' },
    { args: { path: 'sub' }, names: 'sub' },
    { args: { path: 'p.png' }, names: 'image/png' },
    { args: { path: 'a.txt', offset: 9 }, names: '2 lines' },
    { args: { path: 'a\0b' }, names: 'NUL' },
  ],
});

const readAs = async (t: TestContext, data: string | Uint8Array, args = {}) => {
  const thread = await openToolThread(t, { plugins: [readFile()], files: { f: data } });
  return textOfResult(await thread.call('read_file', { path: 'f', ...args }));
};

test('a whole file is shown as it is, without a note', async (t) => {
  assert.equal(await readAs(t, 'alpha\n\tbeta\n'), 'alpha\n\tbeta\n');
  assert.equal(await readAs(t, 'no end'), 'no end');
  assert.equal(await readAs(t, '\uFEFFmark\n'), '\uFEFFmark\n');
  assert.equal(await readAs(t, ''), '[the file is empty]');
});

test('a range is told with the total and how to go on', async (t) => {
  const file = numbered(100);
  assert.equal(
    await readAs(t, file, { offset: 10, limit: 2 }),
    'line 10\nline 11\n[lines 10-11 of 100; go on with offset 12]',
  );
  assert.equal(await readAs(t, file, { offset: 99 }), 'line 99\nline 100\n[lines 99-100 of 100]');
  assert.equal(await readAs(t, 'a\nb', { offset: 2 }), 'b\n[lines 2-2 of 2]');
  assert.equal(
    await readAs(t, 'a\nb', { offset: 0, limit: 0 }),
    'a\n[lines 1-1 of 2; go on with offset 2]',
  );
});

test('a long file is shown in pages that the kernel need not cut', async (t) => {
  const file = numbered(10_000);
  const thread = await openToolThread(t, { plugins: [readFile()], files: { f: file } });
  let offset: string | undefined = '1';
  let all = '';
  while (offset !== undefined) {
    const result = await thread.call('read_file', { path: 'f', offset: Number(offset) });
    assert.equal(result.full, undefined);
    const [, page, next] = /^(.*)\[lines \d+-\d+ of 10000(?:; go on with offset (\d+))?\]$/su.exec(
      textOfResult(result),
    )!;
    all += page;
    offset = next;
  }
  assert.equal(all, file);
});

test('a line that is too long is cut, with the command that shows the rest', async (t) => {
  const file = `short\n${'é'.repeat(50_000)}\nend\n`;
  const thread = await openToolThread(t, { plugins: [readFile(), shell()], files: { f: file } });
  const text = textOfResult(await thread.call('read_file', { path: 'f', offset: 2 }));
  const [, shown, command] =
    /^(é+)\n\[line 2 goes on: only its first 30\.0 kB are shown; for the rest: (.*); lines 2-2 of 3; go on with offset 3\]$/su.exec(
      text,
    )!;
  const rest = execFileSync('bash', ['-c', command!], { cwd: thread.cwd, encoding: 'utf8' });
  assert.equal(`${shown}${rest}`, `${'é'.repeat(50_000)}\n`);
});

test('CRLF and what is not UTF-8 are told in a note', async (t) => {
  assert.equal(await readAs(t, 'a\r\nb\r\n'), 'a\nb\n[lines end in CRLF]');
  assert.equal(await readAs(t, 'a\r\nb\n'), 'a\r\nb\n');
  assert.equal(
    await readAs(t, Buffer.from('caf\xe9\n', 'latin1')),
    'caf\uFFFD\n[not valid UTF-8: \uFFFD stands for what could not be read]',
  );
});

test('a binary file is told by type and size', async (t) => {
  assert.match(await readAs(t, png), /f is image\/png \(16 bytes\): see it with view_image/);
  assert.match(
    await readAs(t, Buffer.alloc(5000)),
    /f is binary \(5\.0 kB\): look into it with a command/,
  );
  assert.match(await readAs(t, Buffer.from('\uFEFFtext', 'utf16le')), /text in UTF-16/);
});

test('of a file of 2 GB only what is needed is read', async (t) => {
  const thread = await openToolThread(t, { plugins: [readFile()] });
  const path = join(thread.cwd, 'big.log');
  writeFileSync(path, numbered(400_000));
  truncateSync(path, 2 ** 31);
  const before = process.memoryUsage().rss;
  const first = textOfResult(await thread.call('read_file', { path: 'big.log', limit: 2 }));
  assert.equal(first, 'line 1\nline 2\n[lines 1-2 of a file of 2.1 GB; go on with offset 3]');
  const deep = textOfResult(
    await thread.call('read_file', { path: 'big.log', offset: 399_999, limit: 1 }),
  );
  assert.equal(
    deep,
    'line 399999\n[lines 399999-399999 of a file of 2.1 GB; go on with offset 400000]',
  );
  const beyond = await thread.call('read_file', { path: 'big.log', offset: 500_000 });
  assert.ok(beyond.isError);
  assert.match(
    textOfResult(beyond),
    /line 500000, but big\.log has fewer lines in its first 67\.1 MB: use search/,
  );
  assert.ok(process.memoryUsage().rss - before < 150_000_000);
});

test('the whole text of a cut result is read by its call', async (t) => {
  const thread = await openToolThread(t, { plugins: [readFile(), shell()] });
  const cut = await thread.call('shell', { command: 'seq 20000' });
  const path = /result:\S+/u.exec(textOfResult(cut))?.[0];
  const result = await thread.call('read_file', { path, offset: 9999, limit: 2 });
  assert.equal(
    textOfResult(result),
    '9999\n10000\n[lines 9999-10000 of 20000; go on with offset 10001]',
  );
  const missing = await thread.call('read_file', { path: 'result:nothing' });
  assert.ok(missing.isError && textOfResult(missing).includes('result:nothing'));
});

test('a file outside the roots is read only when the gate allows it', async (t) => {
  const thread = await openToolThread(t, { plugins: [readFile()], policy: () => undefined });
  const result = await thread.call('read_file', { path: '/etc/hostname' });
  assert.ok(result.isError);
  assert.match(textOfResult(result), /^denied: /);
});

test('a line that begins where a read ends is found', async () => {
  const signal = new AbortController().signal;
  for (const pad of [-2, -1, 0, 1]) {
    for (const end of ['', '\n']) {
      const file = Buffer.from(`${'x'.repeat(2 ** 20 + pad)}\nsecond${end}`);
      const read = (range: { start: number; end: number }) =>
        Promise.resolve(file.subarray(range.start, range.end));
      const head = await readHead(read);
      const second = await readLines(head, read, { offset: 2, limit: 9, signal });
      assert.ok('bytes' in second);
      assert.equal(Buffer.from(second.bytes).toString(), `second${end}`);
      assert.deepEqual([second.first, second.last, second.atEnd], [2, 2, true]);
      const third = await readLines(head, read, { offset: 3, limit: 9, signal });
      assert.deepEqual(third, { problem: 'has 2 lines' });
    }
  }
});

test('any lines of any file are those that splitting the file gives', async () => {
  const signal = new AbortController().signal;
  const line = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('', 'x'.repeat(900), 'é\r'));
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 60 }),
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 70 }),
      async (texts, offset, limit) => {
        const file = Buffer.from(texts.join('\n'));
        const read = ({ start, end }: { start: number; end: number }) =>
          Promise.resolve(file.subarray(start, end));
        const all = file.toString().match(/[^\n]*\n|[^\n]+$/gu) ?? [];
        const lines = await readLines(await readHead(read), read, { offset, limit, signal });
        if ('problem' in lines) {
          assert.ok(offset > Math.max(1, all.length));
          assert.equal(lines.problem, `has ${all.length} line${all.length === 1 ? '' : 's'}`);
          return;
        }
        const shown = Buffer.from(lines.bytes).toString();
        const wanted = all.slice(offset - 1, offset - 1 + limit).join('');
        assert.ok(wanted.startsWith(shown));
        assert.ok(shown === wanted || wanted.length > 20_000);
        assert.equal(lines.total, all.length);
        assert.equal(lines.atEnd, lines.last >= all.length);
      },
    ),
  );
});
