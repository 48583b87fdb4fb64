import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { commitAll, git, openCheckpoints, patch, sh, type CheckpointThread } from './place.ts';

const files = { 'a.txt': 'one\n', 'b.txt': 'two\n' };

/** What is said to be not covered, by its name in the folder. */
async function uncovered(thread: CheckpointThread, turn?: string) {
  const outcome = await thread.revert({ dryRun: true, turn });
  const named = outcome.uncovered.map(({ path, why }) => [path.replace(`${thread.cwd}/`, ''), why]);
  return Object.fromEntries(named) as Record<string, string>; // pairs of texts
}

test('a file that was changed before the turn goes back to that, staged or not, and not to the commit', async (t) => {
  const thread = await openCheckpoints(t, { files: { ...files, 'c.txt': 'three\n' } });
  commitAll(thread.cwd);
  writeFileSync(join(thread.cwd, 'a.txt'), 'mine\n');
  writeFileSync(join(thread.cwd, 'b.txt'), 'staged\n');
  git(thread.cwd, 'add', 'b.txt');
  writeFileSync(join(thread.cwd, 'new.txt'), 'untracked\n');
  const before = thread.snapshot();
  await thread.turn(sh('for file in *.txt; do echo more >> $file; done'));
  assert.equal((await thread.revert()).done, true);
  assert.deepEqual(thread.snapshot(), before);
});

test('commands that commit, check out, stash and pack are taken back in the files, and git is left as it is', async (t) => {
  const thread = await openCheckpoints(t, { files });
  commitAll(thread.cwd);
  git(thread.cwd, 'checkout', '-q', '-b', 'other');
  writeFileSync(join(thread.cwd, 'a.txt'), 'other\n');
  git(thread.cwd, 'commit', '-q', '-a', '-m', 'second');
  const before = thread.snapshot();
  await thread.turn(
    sh('git checkout -q main && git gc -q && echo 1 >> b.txt'),
    sh('git -c user.name=A -c user.email=a@example.org commit -q -a -m third; echo 2 >> b.txt'),
    sh('git stash -q 2>/dev/null; true'),
  );
  const head = git(thread.cwd, 'rev-parse', 'HEAD');
  assert.equal((await thread.revert()).done, true);
  assert.deepEqual(thread.snapshot(), before);
  assert.equal(git(thread.cwd, 'rev-parse', 'HEAD'), head);
});

test("nothing in git's folder is written, and nothing that the repository configures runs", async (t) => {
  const thread = await openCheckpoints(t, { files });
  commitAll(thread.cwd);
  const mark = join(thread.cwd, '.git/mark');
  for (const key of ['core.fsmonitor', 'diff.external', 'core.pager', 'core.sshCommand'])
    git(thread.cwd, 'config', key, `touch ${mark}; false`);
  const stamps = () =>
    readdirSync(join(thread.cwd, '.git'), { recursive: true, encoding: 'utf8' })
      .toSorted()
      .map((name) => `${name} ${statSync(join(thread.cwd, '.git', name)).mtimeMs}`);
  const before = stamps();
  await thread.turn(sh('echo 1 >> a.txt; rm b.txt'));
  await thread.diff();
  await thread.revert();
  await thread.undo();
  assert.deepEqual(stamps(), before);
  assert.equal(existsSync(mark), false);
});

test('what git ignores is named when commands could have changed it, and covered when a patch does', async (t) => {
  const ignored = {
    '.gitignore': 'node_modules\n*.log\n!keep.log\n',
    'node_modules/x/i.js': 'x\n',
  };
  const thread = await openCheckpoints(t, {
    files: {
      ...files,
      ...ignored,
      'sub/.gitignore': 'made\n',
      'sub/made/x': '',
      'keep.log': 'k\n',
    },
  });
  commitAll(thread.cwd);
  const before = thread.snapshot();
  await thread.turn(patch('*** Update File: node_modules/x/i.js', '@@', '-x', '+y'));
  assert.deepEqual(await uncovered(thread), {});
  assert.equal((await thread.revert()).done, true);
  assert.deepEqual(thread.snapshot(), before);
  await thread.turn(
    sh('echo z >> node_modules/x/i.js; echo l > x.log; echo l >> keep.log; echo n > sub/n'),
  );
  assert.deepEqual(await uncovered(thread), {
    node_modules: 'git ignores it',
    'x.log': 'git ignores it',
    'sub/made': 'git ignores it',
  });
  await thread.revert();
  assert.deepEqual(Object.keys(thread.snapshot()), [...Object.keys(before), 'x.log'].toSorted());
  assert.equal(readFileSync(join(thread.cwd, 'keep.log'), 'utf8'), 'k\n');
});

test('without git, what package managers make is left out, and .gitignore counts', async (t) => {
  const thread = await openCheckpoints(t, {
    files: { ...files, 'node_modules/x.js': 'x\n', '.gitignore': 'out\n', 'out/y': 'y' },
  });
  await thread.turn(sh('echo 1 >> a.txt'));
  assert.deepEqual(await uncovered(thread), {
    node_modules: 'tools make it',
    out: 'git ignores it',
  });
});

test('submodules and repositories in the repository are named and left alone', async (t) => {
  const thread = await openCheckpoints(t, {
    files: { ...files, 'lib/x.txt': 'x\n', 'own/y': 'y\n' },
  });
  commitAll(join(thread.cwd, 'lib'));
  commitAll(join(thread.cwd, 'own'));
  git(thread.cwd, 'init', '-q');
  git(thread.cwd, 'add', 'a.txt', 'b.txt', 'lib');
  await thread.turn(sh('echo 1 >> lib/x.txt; echo 1 >> own/y; echo 1 >> a.txt'));
  assert.deepEqual(await uncovered(thread), {
    lib: 'it is a submodule',
    own: 'it is a repository of its own',
  });
  await thread.revert();
  assert.equal(readFileSync(join(thread.cwd, 'a.txt'), 'utf8'), 'one\n');
  assert.equal(readFileSync(join(thread.cwd, 'lib/x.txt'), 'utf8'), 'x\n1\n');
});

test('repositories side by side in a folder without git are each covered from their own', async (t) => {
  const thread = await openCheckpoints(t, {
    files: { 'one/a': 'a\n', 'one/.gitignore': 'out\n', 'two/b': 'b\n', c: 'c\n' },
  });
  commitAll(join(thread.cwd, 'one'));
  commitAll(join(thread.cwd, 'two'));
  const before = thread.snapshot();
  await thread.turn(
    sh('echo 1 >> one/a; echo 1 >> two/b; echo 1 >> c; mkdir one/out; rm -r one/out'),
  );
  await thread.revert();
  assert.deepEqual(thread.snapshot(), before);
});

test('binary files are covered and named in the diff; larger ones than the limit are named and left', async (t) => {
  const thread = await openCheckpoints(t, {
    files: { 'x.bin': new Uint8Array([0, 255]), 'large.txt': 'l'.repeat(2000) },
    checkpoints: { maxFileBytes: 1000 },
  });
  await thread.turn(sh("printf '\\001' >> x.bin; echo 1 >> large.txt; printf '%2000s' x > huge"));
  const { diff } = await thread.diff();
  assert.match(diff ?? '', /^Binary files a\/x\.bin and b\/x\.bin differ$/m);
  assert.deepEqual(await uncovered(thread), {
    'large.txt': 'it is larger than 1000 bytes',
    huge: 'it is larger than 1000 bytes, so it could not be brought back again',
  });
  await thread.revert();
  assert.deepEqual(readFileSync(join(thread.cwd, 'x.bin')), Buffer.from([0, 255]));
  assert.equal(statSync(join(thread.cwd, 'large.txt')).size, 2002);
});

test('in a folder with too many files patches are covered, and commands are said not to be', async (t) => {
  const thread = await openCheckpoints(t, { files, checkpoints: { maxFiles: 1 } });
  await thread.turn(patch('*** Update File: a.txt', '@@', '-one', '+1'), sh('echo 3 >> b.txt'));
  assert.match((await uncovered(thread))[thread.cwd] ?? '', /^it has more than 1 files/);
  await thread.revert();
  assert.equal(readFileSync(join(thread.cwd, 'a.txt'), 'utf8'), 'one\n');
  assert.equal(readFileSync(join(thread.cwd, 'b.txt'), 'utf8'), 'two\n3\n');
});

test('of files that git does not have, only so much is copied', async (t) => {
  const thread = await openCheckpoints(t, { files, checkpoints: { maxCopyBytes: 5 } });
  await thread.turn(sh('echo 1 >> a.txt; echo 1 >> b.txt'));
  const found = await uncovered(thread);
  assert.equal(Object.keys(found).length, 1);
  assert.match(Object.values(found)[0] ?? '', /more than 5 bytes would have to be copied/);
});

test('files that git keeps in another form come back as they were', async (t) => {
  const crlf = 'one\r\ntwo\r\n';
  const thread = await openCheckpoints(t, {
    files: {
      'a.txt': crlf,
      'b.txt': 'x $Id$ y\n',
      '.gitattributes': 'a.txt eol=crlf\nb.txt ident\n',
    },
  });
  commitAll(thread.cwd);
  git(thread.cwd, 'checkout', '-q', '--', '.');
  const before = thread.snapshot();
  await thread.turn(sh("sed -i 's/one/1/; s/x/y/' a.txt b.txt"));
  await thread.revert();
  assert.deepEqual(thread.snapshot(), before);
});

test('a work tree beside its repository is covered from it', async (t) => {
  const thread = await openCheckpoints(t, {
    files: { 'main/a.txt': 'one\n', 'main/b.txt': 'two\n' },
  });
  commitAll(join(thread.cwd, 'main'));
  git(join(thread.cwd, 'main'), 'worktree', 'add', '-q', '../tree');
  const before = thread.snapshot();
  await thread.turn(sh('cd tree; echo 1 >> a.txt; rm b.txt'));
  await thread.revert();
  assert.deepEqual(thread.snapshot(), before);
});

test('what is kept is for its owner alone, whatever the umask is, and only what changed', async (t) => {
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  const thread = await openCheckpoints(t, { files: { ...files, 'c.txt': 'never touched\n' } });
  await thread.turn(sh('echo 1 >> a.txt'));
  const names = readdirSync(thread.kept, { recursive: true, encoding: 'utf8' });
  const modes = names.map((name) => statSync(join(thread.kept, name)).mode & 0o777);
  assert.deepEqual(
    new Set([statSync(thread.kept).mode & 0o777, ...modes]),
    new Set([0o700, 0o600]),
  );
  const kept = names.filter((name) => name.startsWith('contents/'));
  const texts = kept.map((name) => readFileSync(join(thread.kept, name), 'utf8'));
  assert.deepEqual(texts.toSorted(), ['one\n', 'one\n1\n']);
});

test('commands that only read cost nothing', async (t) => {
  const thread = await openCheckpoints(t, { files });
  await thread.turn(
    sh("ls -la && rg -n 'one' . | head -5; cat a.txt 2>/dev/null || true"),
    sh('git diff --stat; sed -n 1,5p a.txt | wc -l'),
  );
  assert.equal(existsSync(thread.kept), false);
});

test('when nothing can be kept the turn goes on, with a warning, and says so when it is to go back', async (t) => {
  const warned: string[] = [];
  const hear = ({ message }: Error) => void warned.push(message);
  process.on('warning', hear);
  t.after(() => process.off('warning', hear));
  const thread = await openCheckpoints(t, { files, checkpoints: { directory: '/dev/null/kept' } });
  await thread.turn(sh('echo 1 >> a.txt'), patch('*** Update File: b.txt', '@@', '-two', '+2'));
  assert.equal(readFileSync(join(thread.cwd, 'a.txt'), 'utf8'), 'one\n1\n');
  assert.equal(readFileSync(join(thread.cwd, 'b.txt'), 'utf8'), '2\n');
  await new Promise(setImmediate);
  assert.match(warned.join('\n'), /checkpoints: .*could not be kept/);
  assert.match((await uncovered(thread))['a turn'] ?? '', /could not be recorded/);
});

test('an ephemeral thread leaves no record', async (t) => {
  const thread = await openCheckpoints(t, { files });
  await thread.turn(sh('echo 1 >> a.txt'));
  const records = () => readdirSync(thread.kept).filter((name) => name.endsWith('.jsonl'));
  assert.deepEqual(records(), [`${thread.id}.jsonl`]);
  await thread.client.request('thread/close', { thread: thread.id });
  assert.deepEqual(records(), []);
});

test('a file that cannot be read, and a folder, do no harm', async (t) => {
  const thread = await openCheckpoints(t, { files });
  mkdirSync(join(thread.cwd, 'closed'));
  chmodSync(join(thread.cwd, 'closed'), 0);
  await thread.turn(sh('mkfifo pipe; echo 1 >> a.txt'));
  await thread.revert();
  assert.equal(readFileSync(join(thread.cwd, 'a.txt'), 'utf8'), 'one\n');
});

test('a look that could not be finished is none: what was there is not taken for new', async (t) => {
  const thread = await openCheckpoints(t, { files });
  writeFileSync(thread.kept, 'in the way');
  await thread.turn(sh(`rm ${thread.kept}; echo 1 >> a.txt`));
  const state = thread.snapshot();
  assert.match((await uncovered(thread))['a turn'] ?? '', /could not be recorded/);
  assert.deepEqual((await thread.revert()).files, []);
  assert.deepEqual(thread.snapshot(), state);
  await thread.turn(sh('echo 2 >> a.txt'));
  assert.equal((await thread.revert()).done, true);
  assert.deepEqual(thread.snapshot(), state);
});
