/** Going back, as the real binary does it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { appears } from '../fixtures/front-ends/run.ts';
import { whyNot } from '../fixtures/sandboxes/bubblewrap.ts';
import { commitAll, snapshotOf } from '../plugins/checkpoints/place.ts';
import { makeE2e, unconfined, type E2e } from './place.ts';

const files = {
  'a.txt': 'one\ntwo\n',
  'src/b.js': 'const  b=1\n',
  'src/old.js': 'gone soon\n',
  // A formatter that a repository brings.
  'format.sh': 'sed -i "s/const  /const /" src/b.js && printf ";\\n" >> src/b.js\n',
  '.gitignore': 'node_modules\n',
  'node_modules/x/index.js': 'x\n',
};
const patch = '*** Begin Patch\n*** Update File: a.txt\n@@\n-two\n+2\n*** End Patch';
const call = (name: string, args: object) => ({ call: name, args });
const answers = [
  {
    parts: [
      call('apply_patch', { patch }),
      call('shell', { command: "sed -i 's/one/1/' a.txt" }),
      call('shell', { command: 'sh format.sh' }),
      call('shell', { command: 'rm src/old.js' }),
    ],
  },
  { text: 'It is done.' },
];

async function placeWithTurn(
  t: Parameters<typeof makeE2e>[0],
  flags: readonly string[],
): Promise<E2e> {
  const place = await makeE2e(t, { answers: [...answers, ...answers], files });
  commitAll(place.cwd);
  const { code, stderr } = await place.run(['exec', ...flags, 'tidy up, please']);
  assert.equal(code, 0, stderr);
  return place;
}

test('a turn of a patch, sed -i, a formatter and a deletion is shown, taken back byte for byte, and forth again', async (t) => {
  const place = await makeE2e(t, { answers, files });
  commitAll(place.cwd);
  const before = snapshotOf(place.cwd);
  const ran = await place.run(['exec', ...unconfined, 'tidy up, please']);
  assert.equal(ran.code, 0, ran.stderr);
  const after = snapshotOf(place.cwd);
  const diff = await place.run(['thread', 'diff', '--last']);
  assert.match(diff.stdout, /^-one\n-two\n\+1\n\+2$/m);
  assert.match(diff.stdout, /^deleted file mode 100644$/m);
  assert.match(diff.stdout, /not covered.*\n {2}node_modules/);
  const dry = await place.run(['thread', 'revert', '--last', '--files', '--dry-run']);
  assert.deepEqual([dry.code, snapshotOf(place.cwd)], [0, after], dry.stderr);
  assert.match(
    dry.stdout,
    /not covered[^]*node_modules[^]*\+ src\/old\.js[^]*would be back before turn 1/,
  );
  const back = await place.run(['thread', 'revert', '--last', '--files']);
  assert.deepEqual([back.code, snapshotOf(place.cwd)], [0, before], back.stderr);
  assert.match(back.stdout, /back before turn 1 \("tidy up, please"\); spindle thread undo/);
  const forth = await place.run(['thread', 'undo', '--last']);
  assert.deepEqual([forth.code, snapshotOf(place.cwd)], [0, after], forth.stderr);
});

test('what a person changed since is shown, and overwritten only with --force', async (t) => {
  const place = await placeWithTurn(t, unconfined);
  writeFileSync(join(place.cwd, 'a.txt'), 'mine\n');
  rmSync(join(place.cwd, 'src/b.js'));
  const refused = await place.run(['thread', 'revert', '--last', '--files']);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stdout,
    /changed by other hands since[^]*a\.txt {2}it was changed since\n {2}src\/b\.js {2}it was removed since/,
  );
  assert.match(refused.stdout, /nothing was done: add --yes/);
  const some = await place.run(['thread', 'revert', '--last', '--files', '--yes']);
  assert.equal(some.code, 0, some.stderr);
  assert.equal(readFileSync(join(place.cwd, 'a.txt'), 'utf8'), 'mine\n');
  assert.equal(readFileSync(join(place.cwd, 'src/old.js'), 'utf8'), 'gone soon\n');
  assert.equal((await place.run(['thread', 'undo', '--last'])).code, 0);
  const all = await place.run(['thread', 'revert', '--last', '--files', '--force']);
  assert.equal(all.code, 0, all.stderr);
  assert.equal(readFileSync(join(place.cwd, 'a.txt'), 'utf8'), 'one\ntwo\n');
  assert.equal((await place.run(['thread', 'undo', '--last'])).code, 0);
  assert.equal(readFileSync(join(place.cwd, 'a.txt'), 'utf8'), 'mine\n');
});

test("a deleted thread's record goes with it", async (t) => {
  const place = await placeWithTurn(t, unconfined);
  const kept = join(place.env['SPINDLE_HOME'] ?? '', 'checkpoints');
  const records = () => readdirSync(kept).filter((name) => name.endsWith('.jsonl'));
  assert.equal(records().length, 1);
  assert.equal((await place.run(['thread', 'delete', '--last'])).code, 0);
  assert.deepEqual(records(), []);
});

test('in the sandbox the same, links too', { skip: await whyNot() }, async (t) => {
  const command = 'ln -s a.txt link; rm src/old.js; mkdir -p made/here; chmod +x format.sh';
  const parts = [call('shell', { command })];
  const place = await makeE2e(t, { answers: [{ parts }, { text: 'Done.' }], files });
  commitAll(place.cwd);
  const before = snapshotOf(place.cwd);
  assert.equal((await place.run(['exec', 'tidy up'])).code, 0);
  const after = snapshotOf(place.cwd);
  assert.equal(after['link'], '-> a.txt');
  const diff = await place.run(['thread', 'diff', '--last']);
  assert.doesNotMatch(diff.stdout, /\.mcp\.json|\.vscode/);
  assert.equal((await place.run(['thread', 'revert', '--last', '--files'])).code, 0);
  assert.deepEqual(snapshotOf(place.cwd), before);
  assert.equal((await place.run(['thread', 'undo', '--last'])).code, 0);
  assert.deepEqual(snapshotOf(place.cwd), after);
});

test('what cannot be meant ends with 2, what is not there with 1, and both say what to do', async (t) => {
  const place = await makeE2e(t, { answers: [], files });
  const cases = [
    [
      ['thread', 'revert'],
      2,
      /expected one thread and at most one turn: spindle thread revert ID\|--last \[TURN\]/,
    ],
    [['thread', 'revert', '--last', '1', '2'], 2, /at most one turn/],
    [['thread', 'revert', '--last', '--fils'], 2, /unknown flag --fils\. Did you mean --files\?/],
    [['thread', 'undo'], 2, /expected one thread: spindle thread undo ID\|--last/],
    [['thread', 'diff', '--last'], 1, /no thread has run in/],
    [['thread', 'revert', 'nosuch'], 1, /there is no thread "nosuch"/],
  ] as const;
  for (const [argv, code, message] of cases) {
    const ended = await place.run(argv);
    assert.deepEqual([ended.code, ended.stdout], [code, ''], ended.stderr);
    assert.match(ended.stderr, message);
  }
});

test('what a command did that a kill −9 cut off is said to be unknown; what came before it is taken back', async (t) => {
  const command = 'echo 1 >> a.txt; echo done > began; sleep 2';
  const parts = [call('apply_patch', { patch }), call('shell', { command })];
  const place = await makeE2e(t, { answers: [{ parts }], files });
  commitAll(place.cwd);
  const child = place.start('exec', ...unconfined, 'tidy up');
  const closed = once(child, 'close');
  await appears(place.cwd, 'began');
  child.kill('SIGKILL');
  await closed;
  const { code, stdout } = await place.run(['thread', 'revert', '--last', '--files', '--dry-run']);
  assert.equal(code, 0);
  assert.match(stdout, /not covered[^]*a command {2}the program ended while it ran/);
  assert.match(stdout, /changed by other hands[^]*a\.txt/);
});

test('Ctrl-C ends a revert; what was done can be taken back, and the rest be done', async (t) => {
  const command = 'for n in {1..60}; do ln -s a.txt link$n; done';
  const answer = { parts: [call('shell', { command })] };
  const place = await makeE2e(t, { answers: [answer, { text: 'Done.' }], files });
  commitAll(place.cwd);
  const before = snapshotOf(place.cwd);
  await place.run(['exec', ...unconfined, 'link']);
  const watcher = watch(place.cwd);
  const child = place.start('thread', 'revert', '--last', '--files', ...unconfined);
  const code = once(child, 'close');
  await once(watcher, 'change');
  watcher.close();
  child.kill('SIGINT');
  assert.deepEqual((await code)[0], 130);
  assert.equal((await place.run(['thread', 'revert', '--last', '--files', ...unconfined])).code, 0);
  assert.deepEqual(snapshotOf(place.cwd), before);
});
