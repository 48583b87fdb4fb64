/** In every kind of repository one can commit; what must stay stays (the escape suite tries that). */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Inherited } from '../../../plugins/machines/local/inherited.ts';
import { Leftovers } from '../../../plugins/machines/local/leftovers.ts';
import { startProcess } from '../../../plugins/machines/local/process.ts';
import { git, makeRepository } from '../../fixtures/escapes/world.ts';
import { Confined, has, whyNot } from '../../fixtures/sandboxes/bubblewrap.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

const skip = (await whyNot()) || (!has('git') && 'there is no git');
const author = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'b', GIT_COMMITTER_NAME: 'a' };
const env = { PATH: process.env['PATH'] ?? '', ...author, GIT_COMMITTER_EMAIL: 'b' };
const commit = 'echo two > two && git add two && git commit -qm two && git log --oneline | wc -l';

interface Made {
  readonly root: string;
  readonly cwd?: string;
  /** Where its `.git` is; default: where the command runs. */
  readonly top?: string;
}

/** Where to commit: the folder of the command, and the root that holds it, made in an empty folder. */
const kinds: readonly {
  readonly name: string;
  readonly make: (folder: string) => Made;
}[] = [
  { name: 'a repository', make: (root) => (makeRepository(root), { root }) },
  {
    name: 'a folder of a repository',
    make: (root) => {
      makeRepository(root);
      mkdirSync(join(root, 'a/b'), { recursive: true });
      return { root, cwd: join(root, 'a/b'), top: root };
    },
  },
  {
    name: 'a repository in a repository',
    make: (root) => {
      makeRepository(root);
      makeRepository(join(root, 'deep/inner'));
      return { root, cwd: join(root, 'deep/inner') };
    },
  },
  {
    name: 'a worktree elsewhere',
    make: (folder) => {
      makeRepository(join(folder, 'main'));
      git(join(folder, 'main'), 'worktree', 'add', '-q', '../tree');
      return { root: join(folder, 'tree') };
    },
  },
  {
    name: 'a worktree in its repository',
    make: (root) => {
      makeRepository(root);
      git(root, 'worktree', 'add', '-q', 'tree');
      return { root, cwd: join(root, 'tree') };
    },
  },
  {
    name: 'a worktree of a repository without files',
    make: (root) => {
      makeRepository(join(root, 'first'));
      git(root, 'clone', '-q', '--bare', 'first', '.bare');
      writeFileSync(join(root, '.git'), 'gitdir: ./.bare\n');
      git(root, 'worktree', 'add', '-q', 'tree');
      return { root, cwd: join(root, 'tree') };
    },
  },
  {
    name: 'a submodule',
    make: (folder) => {
      const root = join(folder, 'super');
      makeRepository(join(folder, 'source'));
      makeRepository(root);
      git(
        root,
        '-c',
        'protocol.file.allow=always',
        'submodule',
        '--quiet',
        'add',
        '../source',
        'sub',
      );
      return { root, cwd: join(root, 'sub') };
    },
  },
  {
    name: 'a submodule that is the workspace',
    make: (folder) => {
      const root = join(folder, 'super');
      makeRepository(join(folder, 'source'));
      makeRepository(root);
      git(
        root,
        '-c',
        'protocol.file.allow=always',
        'submodule',
        '--quiet',
        'add',
        '../source',
        'sub',
      );
      return { root: join(root, 'sub') };
    },
  },
  {
    name: 'a repository whose own folder lies elsewhere in the workspace',
    make: (root) => {
      makeRepository(root);
      renameSync(join(root, '.git'), join(root, 'own'));
      writeFileSync(join(root, '.git'), 'gitdir: own\n');
      return { root };
    },
  },
  {
    name: 'a repository with hooks of its own',
    make: (root) => {
      makeRepository(root);
      mkdirSync(join(root, '.husky/_'), { recursive: true });
      writeFileSync(join(root, '.husky/_/pre-commit'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
      git(root, 'config', 'core.hooksPath', '.husky/_');
      return { root };
    },
  },
];

for (const { name, make } of kinds) {
  test(`a commit works in ${name}`, { skip }, async (t) => {
    const { root, cwd = root, top = cwd } = make(temporaryFolder(t));
    const ran = await new Confined(t).run(commit, { cwd, roots: [root], env });
    assert.match(ran.output, /^2\n$/);
    assert.equal(git(top, 'log', '-1', '--format=%s'), 'two\n');
    assert.equal(git(top, 'status', '--porcelain', '--untracked-files=no'), '');
  });
}

test('a file that names the folder of another repository opens nothing', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  makeRepository(join(folder, 'other'));
  const root = join(folder, 'work');
  mkdirSync(root);
  writeFileSync(join(root, '.git'), `gitdir: ${join(folder, 'other/.git')}\n`);
  const ran = await new Confined(t).run(commit, { cwd: root, roots: [root], env });
  assert.notEqual(ran.code, 0);
  assert.equal(git(join(folder, 'other'), 'log', '--format=%s'), 'one\n');
});

test('where a mode is read-only, nothing of a repository can be written', { skip }, async (t) => {
  const root = temporaryFolder(t);
  makeRepository(root);
  const wanted = { cwd: root, roots: [root], env, mode: 'read-only' } as const;
  const ran = await new Confined(t).run('git status --short; git log --format=%s; touch x', wanted);
  assert.match(ran.output, /^one\ntouch: .*Read-only/m);
});

test('two writable folders are both held', { skip }, async (t) => {
  const [one, two] = [temporaryFolder(t), temporaryFolder(t)];
  const script = `for d in "${one}" "${two}"; do cd $d; echo x > file; git init -q . ; done; echo done`;
  const ran = await new Confined(t).run(script, { cwd: one, roots: [one, two], env });
  assert.match(ran.output, /done/);
  assert.equal(git(one, 'rev-parse', '--git-dir') + git(two, 'rev-parse', '--git-dir'), '');
});

test(
  'two programs in one workspace do not take from each other what they hold',
  { skip },
  async (t) => {
    const one = new Confined(t);
    const attempt = 'echo ready; read; (echo "{}" > .mcp.json) 2>&1; echo code $?';
    const child = await one.start(attempt, { stdin: true });
    await child.prints('ready');
    using other = new Leftovers();
    using inherited = new Inherited();
    const plan = await (await one.sandbox).plan(one.request(['true']));
    const second = await startProcess(plan, { argv: ['true'] }, { leftovers: other, inherited });
    await second.exited;
    other[Symbol.dispose]();
    await child.write('\n');
    await child.exited;
    assert.match(child.printed(), /code 1/);
    one.settle();
    assert.deepEqual(readdirSync(one.work), []);
  },
);

test(
  'what a killed program has left in the workspace is gone after the next command',
  { skip },
  async (t) => {
    const one = new Confined(t);
    const { pid } = spawnSync('true');
    mkdirSync(join(one.work, `.mcp.json/.spindle-${pid}-abc`), { recursive: true });
    const { code } = await one.run('echo "{}" > .mcp.json');
    assert.notEqual(code, 0);
    one.settle();
    assert.deepEqual(readdirSync(one.work), []);
  },
);
