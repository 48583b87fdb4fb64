/** What a command plants further down for git to act on is set aside when it ends, however it tries to hide that. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import bubblewrap from '../../../plugins/sandboxes/bubblewrap.ts';
import shell from '../../../plugins/tools/shell.ts';
import { openToolThread, textOfResult } from '../../contracts/tool-thread.ts';
import { git, makeRepository } from '../../fixtures/escapes/world.ts';
import { has, whoElse, whyNot } from '../../fixtures/sandboxes/bubblewrap.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

const skip = (await whyNot()) || (!has('git') && 'there is no git');
const author = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'b', GIT_COMMITTER_NAME: 'a' };
const env = { PATH: process.env['PATH'] ?? '', ...author, GIT_COMMITTER_EMAIL: 'b' };

/** What makes `git status` in the workspace run a command: a repository further down that the index names. */
const plant = (folder: string) =>
  `mkdir -p ${folder} && git init -q ${folder} && git -C ${folder} commit -q --allow-empty -m x && git add ${folder} 2>/dev/null; git -C ${folder} config core.fsmonitor "touch $PWD/marked; false"`;

interface Prepared {
  readonly isRepository?: boolean;
  readonly prepare?: (work: string) => void;
}

async function shellIn(t: TestContext, { isRepository = true, prepare }: Prepared = {}) {
  const thread = await openToolThread(t, {
    plugins: [bubblewrap(), shell()],
    settings: { sandbox: 'workspace-write' },
    env,
  });
  if (isRepository) makeRepository(thread.cwd);
  prepare?.(thread.cwd);
  const run = async (command: string, cwd = '.') =>
    textOfResult(await thread.call('shell', { command, cwd }));
  const isMarkedBy = (folder: string) => {
    git(join(thread.cwd, folder), 'status');
    return existsSync(join(thread.cwd, folder, 'marked'));
  };
  return { work: thread.cwd, run, isMarkedBy };
}

test(
  'a repository that a command plants further down, for git status to run, is set aside',
  { skip },
  async (t) => {
    const { work, run, isMarkedBy } = await shellIn(t);
    const said = await run(plant('a/b/sub'));
    assert.match(said, /spindle: the command made a repository in .*\/a\/b\/sub .*set aside/);
    assert.equal(isMarkedBy('.'), false);
    assert.ok(existsSync(join(work, 'a/b/sub/.git.set-aside/config')));
    assert.doesNotMatch(await run('git status'), /set aside/);
  },
);

test(
  'without that it would have run: the attempt works where nothing is confined',
  { skip },
  async (t) => {
    const work = temporaryFolder(t);
    makeRepository(work);
    execFileSync('bash', ['-c', plant('a/b/sub')], { cwd: work, env: { ...process.env, ...env } });
    rmSync(join(work, 'marked'), { force: true });
    git(work, 'status');
    assert.ok(existsSync(join(work, 'marked')));
  },
);

test(
  'one that the user has further down, named by the index alone, can be committed to and not reconfigured',
  { skip },
  async (t) => {
    const { run, isMarkedBy } = await shellIn(t, {
      prepare: (work) => {
        makeRepository(join(work, 'a/b/own'));
        git(work, 'add', 'a/b/own');
      },
    });
    const said = await run(
      'git -C a/b/own config core.fsmonitor "touch $PWD/marked; false"; mv a/b/own a/b/x',
    );
    assert.match(said, /could not (lock|write)|Read-only|Device or resource busy/i);
    assert.equal(isMarkedBy('.'), false);
  },
);

test(
  'a repository within a submodule that the submodule’s index names is set aside as well',
  { skip },
  async (t) => {
    const { run, isMarkedBy } = await shellIn(t, {
      prepare: (work) => {
        const source = temporaryFolder(t);
        makeRepository(source);
        git(work, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', source, 'sub');
      },
    });
    assert.match(await run(plant('deep'), 'sub'), /sub\/deep .*set aside/);
    assert.equal(isMarkedBy('.'), false);
  },
);

/** How a command might keep what it planted from being found or moved. */
const hidings: Readonly<Record<string, string>> = {
  'by taking all names it could be moved to': `${plant('a/sub')}; mkdir a/sub/.git.set-aside{,-{1..99}}`,
  'by locking its folder': `${plant('a/sub')}; chmod 555 a/sub`,
  'by naming it in the other half of a split index': `${plant('a/sub')}; git update-index --split-index`,
  'by a name that is no UTF-8': `F=$'a/\\xff'; ${plant('"$F"')}`,
};

for (const [how, script] of Object.entries(hidings)) {
  test(`what is planted is set aside also when it is hidden ${how}`, { skip }, async (t) => {
    const { run, isMarkedBy } = await shellIn(t);
    assert.match(await run(`${script}; rm -f marked`), /set aside/);
    assert.equal(isMarkedBy('.'), false);
  });
}

const makeOwn = (work: string) => makeRepository(join(work, 'own'));

for (const isRepository of [true, false]) {
  const where = isRepository ? 'a repository' : 'no repository';
  test(
    `a repository in ${where} that a command runs in is looked at as well`,
    { skip },
    async (t) => {
      const { run, isMarkedBy } = await shellIn(t, { isRepository, prepare: makeOwn });
      assert.match(await run(plant('deep'), 'own'), /own\/deep .*set aside/);
      assert.equal(isMarkedBy('own'), false);
    },
  );
}

test('what stands in the place of an index and is none is set aside', { skip }, async (t) => {
  const { work, run } = await shellIn(t);
  assert.match(await run('echo x > .git/index'), /is not as git makes it.*set aside/);
  assert.ok(existsSync(join(work, '.git/index.set-aside')));
});

test('a pipe in the place of a file that is looked at stops nothing', { skip }, async (t) => {
  const { run } = await shellIn(t);
  await run('rm -f .git/index; mkdir sub; mkfifo .gitmodules .git/index sub/.git');
  assert.match(await run('echo fine'), /^fine$/m);
});

const isRoot = process.getuid?.() === 0;
const user = isRoot ? whoElse() : undefined;
const whyAlone = user === undefined && 'it is no root, or nobody else can read this folder';

test('all of it holds for an ordinary user, too', { skip: skip || whyAlone }, (t) => {
  const own = { ...process.env, ...env, HOME: temporaryFolder(t), NODE_TEST_CONTEXT: undefined };
  chmodSync(own.HOME, 0o777);
  const args = [...(user ?? []), process.execPath, '--test', import.meta.filename];
  const ran = spawnSync('setpriv', args, { env: own });
  assert.equal(ran.status, 0, String(ran.stdout));
});
