import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, symlinkSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import type { ResultItem } from '../../../core/index.ts';
import applyPatch from '../../../plugins/tools/apply-patch.ts';
import { openToolThread, textOfResult } from '../../contracts/tool-thread.ts';
import type { ToolThread, ToolThreadOptions } from '../../contracts/tool-thread.ts';
import { toolContract } from '../../contracts/tools.ts';

const patchOf = (...lines: readonly string[]) =>
  ['*** Begin Patch', ...lines, '*** End Patch', ''].join('\n');

const update = (path: string, from: string, to: string) => [
  `*** Update File: ${path}`,
  `-${from}`,
  `+${to}`,
];

const escaping = (path: string) => ({
  args: { patch: patchOf(`*** Add File: ${path}`, '+x') },
  names: path,
});

toolContract('apply_patch', {
  plugin: () => applyPatch(),
  files: { 'a.txt': 'one\ntwo\n', 'latin.txt': Buffer.from('caf\xe9\n', 'latin1'), 'sub/b': '' },
  valid: { patch: patchOf(...update('a.txt', 'two', 'three')) },
  invalid: [
    { args: {}, names: 'patch' },
    { args: { patch: 'make it work' }, names: '*** Begin Patch' },
    { args: { patch: patchOf(...update('gone.txt', 'a', 'b')) }, names: 'gone.txt' },
    { args: { patch: patchOf(...update('a.txt', 'absent', 'b')) }, names: 'a.txt: chunk 1' },
    { args: { patch: patchOf(...update('latin.txt', 'x', 'b')) }, names: 'latin.txt' },
    { args: { patch: patchOf('*** Add File: sub', '+x') }, names: 'sub' },
    { args: { patch: patchOf('*** Delete File: sub') }, names: 'sub' },
    escaping('../escaped.txt'),
    escaping('sub/../../escaped.txt'),
    escaping('/etc/escaped.txt'),
  ],
});

const open = (
  t: Parameters<typeof openToolThread>[0],
  options: Omit<ToolThreadOptions, 'plugins'>,
) => openToolThread(t, { plugins: [applyPatch()], ...options });

const apply = (thread: ToolThread, ...lines: readonly string[]) =>
  thread.call('apply_patch', { patch: patchOf(...lines) });

interface Changed {
  readonly path: string;
  readonly kind: string;
  readonly to?: string;
  readonly diff: string;
  readonly isCut?: true;
}

/** The `detail` of a result, as its docstring promises it. */
const changesOf = (result: ResultItem) =>
  (result.detail as { changes: readonly Changed[] }).changes;

const text = (thread: ToolThread, path: string) => readFileSync(join(thread.cwd, path), 'utf8');

test('files are added, changed, moved and deleted in one go, and told as Codex tells them', async (t) => {
  const files = { 'src/a.ts': 'one\ntwo\n', 'old.txt': 'x\n', 'from.txt': 'keep\nthis\n' };
  const thread = await open(t, { files });
  const result = await apply(
    thread,
    ...update('src/a.ts', 'two', 'three'),
    '*** Add File: deep/in/new.txt',
    '+hello',
    '*** Delete File: old.txt',
    '*** Update File: from.txt',
    '*** Move to: to.txt',
    '-this',
    '+that',
  );
  assert.equal(
    textOfResult(result),
    'Success. Updated the following files:\nM src/a.ts\nA deep/in/new.txt\nD old.txt\nR from.txt -> to.txt',
  );
  assert.equal(text(thread, 'src/a.ts'), 'one\nthree\n');
  assert.equal(text(thread, 'deep/in/new.txt'), 'hello\n');
  assert.equal(text(thread, 'to.txt'), 'keep\nthat\n');
  assert.ok(!existsSync(join(thread.cwd, 'old.txt')) && !existsSync(join(thread.cwd, 'from.txt')));
  const changes = changesOf(result);
  assert.deepEqual(
    changes.map(({ kind, path, to }) => [kind, path, to]),
    [
      ['update', join(thread.cwd, 'src/a.ts'), undefined],
      ['add', join(thread.cwd, 'deep/in/new.txt'), undefined],
      ['delete', join(thread.cwd, 'old.txt'), undefined],
      ['move', join(thread.cwd, 'from.txt'), join(thread.cwd, 'to.txt')],
    ],
  );
  assert.match(
    changes[0]!.diff,
    /^--- a\/src\/a\.ts\n\+\+\+ b\/src\/a\.ts\n@@ -1,2 \+1,2 @@\n one\n-two\n\+three\n$/mu,
  );
});

test('a patch of which one part fails changes nothing, and names all that fails', async (t) => {
  const thread = await open(t, { files: { a: 'one\n', b: 'two\n' } });
  const result = await apply(
    thread,
    ...update('a', 'one', 'changed'),
    ...update('b', 'three', 'x'),
    ...update('c', 'y', 'z'),
  );
  assert.ok(result.isError);
  assert.match(textOfResult(result), /^Nothing was changed\. b: .*\nc: /su);
  assert.equal(text(thread, 'a'), 'one\n');
});

test('files already written are restored when a later one is denied', async (t) => {
  const thread = await open(t, {
    files: { a: 'one\n', b: 'two\n', gone: 'three', moved: 'four\n' },
    policy: (effect) =>
      effect.kind === 'write' && effect.path.endsWith('/b')
        ? { verdict: 'deny', reason: 'b is holy', rule: 'b' }
        : { verdict: 'allow', reason: 'a test', rule: 'all' },
  });
  chmodSync(join(thread.cwd, 'gone'), 0o700);
  const result = await apply(
    thread,
    ...update('a', 'one', 'changed'),
    '*** Delete File: gone',
    '*** Update File: moved',
    '*** Move to: elsewhere/moved',
    '*** Add File: new',
    '+new',
    ...update('b', 'two', 'changed'),
  );
  assert.ok(result.isError);
  assert.match(textOfResult(result), /^Nothing was changed\. denied: b is holy/);
  assert.deepEqual(
    ['a', 'b', 'gone', 'moved'].map((path) => text(thread, path)),
    ['one\n', 'two\n', 'three', 'four\n'],
  );
  assert.equal(statSync(join(thread.cwd, 'gone')).mode & 0o777, 0o700);
  assert.equal(existsSync(join(thread.cwd, 'elsewhere/moved')), false);
  assert.equal(existsSync(join(thread.cwd, 'new')), false);
});

test('a stop in the middle of a patch leaves nothing of it', async (t) => {
  const thread = await open(t, {
    files: { a: 'one\n', b: 'two\n' },
    policy: (effect) => {
      const isSecond = effect.kind === 'write' && effect.path.endsWith('/b');
      return { verdict: isSecond ? 'ask' : 'allow', reason: 'a test', rule: 'b is asked' };
    },
    answer: () => ({ decision: 'stop' }),
  });
  const result = await apply(thread, ...update('a', 'one', 'x'), ...update('b', 'two', 'x'));
  assert.ok(result.isError);
  assert.deepEqual([text(thread, 'a'), text(thread, 'b')], ['one\n', 'two\n']);
});

test('what cannot be restored is named', async (t) => {
  let writes = 0;
  const thread = await open(t, {
    files: { a: 'one\n', b: 'two\n' },
    policy: (effect) =>
      effect.kind === 'write' && ++writes > 1
        ? { verdict: 'deny', reason: 'enough', rule: 'one write' }
        : { verdict: 'allow', reason: 'a test', rule: 'all' },
  });
  const result = await apply(thread, ...update('a', 'one', 'x'), ...update('b', 'two', 'x'));
  assert.match(
    textOfResult(result),
    /^Could not restore a: check what is there now\. denied: enough/,
  );
});

test('a link out of the workspace is for the gate to judge', async (t) => {
  const outside = await open(t, { files: { secret: 'one\n' } });
  const thread = await open(t, {
    policy: (effect) =>
      effect.kind === 'write' && effect.inside
        ? { verdict: 'allow', reason: 'inside', rule: 'inside' }
        : undefined,
  });
  symlinkSync(join(outside.cwd, 'secret'), join(thread.cwd, 'link'));
  symlinkSync(outside.cwd, join(thread.cwd, 'folder'));
  for (const lines of [
    update('link', 'one', 'two'),
    ['*** Add File: folder/new', '+x'],
    ['*** Delete File: link'],
  ]) {
    const result = await apply(thread, ...lines);
    assert.ok(result.isError);
    assert.match(textOfResult(result), /denied: /);
  }
  assert.equal(text(outside, 'secret'), 'one\n');
  assert.equal(existsSync(join(outside.cwd, 'new')), false);
});

test('bytes that the patch does not touch stay: line endings, a byte order mark, a missing last line end, the mode', async (t) => {
  const thread = await open(t, { files: { a: '\uFEFFone\r\ntwo\r\nthree' } });
  const mode = (path: string) => statSync(join(thread.cwd, path)).mode & 0o777;
  chmodSync(join(thread.cwd, 'a'), 0o755);
  await apply(thread, ...update('a', 'two', 'zwei'));
  assert.equal(text(thread, 'a'), '\uFEFFone\r\nzwei\r\nthree');
  assert.equal(mode('a'), 0o755);
  await apply(thread, '*** Update File: a', '*** Move to: b', '-zwei', '+two');
  assert.equal(text(thread, 'b'), '\uFEFFone\r\ntwo\r\nthree');
  assert.equal(mode('b'), 0o755);
});

test('paths count from the cwd, and reach the other roots', async (t) => {
  const thread = await open(t, {
    files: { 'app/src/a': 'one\n', 'lib/b': 'one\n', 'app/c': 'one\n' },
  });
  const [app, lib] = [join(thread.cwd, 'app'), join(thread.cwd, 'lib')];
  await thread.client.request('thread/update', {
    thread: thread.id,
    settings: { cwd: join(app, 'src'), roots: [app, lib] },
  });
  const result = await apply(
    thread,
    ...update('a', 'one', 'two'),
    ...update('../c', 'one', 'two'),
    ...update(`${lib}/b`, 'one', 'two'),
  );
  assert.equal(
    textOfResult(result),
    `Success. Updated the following files:\nM a\nM ${app}/c\nM ${lib}/b`,
  );
  for (const path of ['../../outside', `${thread.cwd}/outside`]) {
    const escaped = await apply(thread, `*** Add File: ${path}`, '+x');
    assert.ok(escaped.isError && textOfResult(escaped).includes(path));
  }
  assert.equal(existsSync(join(thread.cwd, 'outside')), false);
});

test('a file too large to patch is refused, a large diff is cut in the detail', async (t) => {
  const thread = await open(t, {
    files: { big: 'line\n'.repeat(40_000), huge: Buffer.alloc(17_000_000, 0x61) },
  });
  const huge = await apply(thread, ...update('huge', 'a', 'b'));
  assert.ok(huge.isError);
  assert.match(textOfResult(huge), /huge: expected a text file, but it is larger than 16\.0 MB/);
  const gone = await apply(thread, '*** Delete File: big');
  const [change] = changesOf(gone);
  assert.equal(change?.isCut, true);
  assert.ok(change.diff.length <= 100_000);
});
