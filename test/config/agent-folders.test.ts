/** `.agents` folders of a repository: what of them counts, before and after trust. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test, type TestContext } from 'node:test';

import { loadConfig } from '../../config/load.ts';
import { type Environment, pathsOf } from '../../config/paths.ts';
import { revokeFolder, trustFolder } from '../../config/trust-command.ts';
import { folderWith, homeWith, put, repositoryWith } from './folders.ts';

function fixture(t: TestContext) {
  const { home, env } = homeWith(t);
  const repository = repositoryWith(t, {
    '.agents/skills/one/SKILL.md': 'one',
    '.agents/skills/one/run.sh': 'run',
    '.agents/skills/two/SKILL.md': 'two',
    '.agents/agents/role.md': 'role',
    '.agents/commands/do.md': 'do',
    '.agents/other/thing': 'not looked at',
  });
  return { home, env, repository, paths: pathsOf(env) };
}

/** The files that count, as the repository names them, and what is told of the rest. */
async function load(cwd: string, env: Environment, root = cwd) {
  const { agents, notices, fingerprint } = await loadConfig({ cwd, env });
  const trusted = Object.keys(agents.trusted ?? {}).map((path) => relative(root, path));
  return { agents, trusted: trusted.toSorted(), notice: notices[0]?.message ?? '', fingerprint };
}

const all = [
  '.agents/agents/role.md',
  '.agents/commands/do.md',
  '.agents/skills/one/SKILL.md',
  '.agents/skills/one/run.sh',
  '.agents/skills/two/SKILL.md',
];

test('nothing of a repository counts before trust, all of it after, and nothing once it is revoked', async (t) => {
  const { env, repository, paths } = fixture(t);
  const before = await load(repository, env);
  assert.deepEqual(before.trusted, []);
  assert.match(before.notice, /\.agents is not trusted and does not count.*spindle trust/);
  assert.deepEqual(
    before.agents.skills.filter(({ by }) => by === 'repository').map(({ path }) => path),
    [join(repository, '.agents/skills')],
  );
  const said = trustFolder(repository, paths);
  for (const path of all) assert.ok(said.includes(`new: ${path}`), said);
  assert.ok(!said.includes('other/thing'));
  const after = await load(repository, env);
  assert.deepEqual([after.trusted, after.notice], [all, '']);
  assert.notEqual(after.fingerprint, before.fingerprint, 'a server opens another kernel');
  revokeFolder(repository, paths);
  assert.deepEqual((await load(repository, env)).trusted, []);
});

const changes: readonly (readonly [
  what: string,
  change: (repository: string) => void,
  unit: string,
])[] = [
  [
    'a changed SKILL.md',
    (at) => appendFileSync(join(at, '.agents/skills/one/SKILL.md'), 'x'),
    'skills/one',
  ],
  [
    'a changed script',
    (at) => appendFileSync(join(at, '.agents/skills/one/run.sh'), 'x'),
    'skills/one',
  ],
  ['a new file', (at) => writeFileSync(join(at, '.agents/skills/one/new'), 'x'), 'skills/one'],
  ['a file that is gone', (at) => rmSync(join(at, '.agents/skills/one/run.sh')), 'skills/one'],
  ['a new skill', (at) => put(at, { '.agents/skills/new/SKILL.md': 'x' }), 'skills/new'],
  [
    'a changed role',
    (at) => appendFileSync(join(at, '.agents/agents/role.md'), 'x'),
    'agents/role.md',
  ],
];
for (const [what, change, unit] of changes)
  test(`${what} takes out what it belongs to and nothing else, until it is trusted again`, async (t) => {
    const { env, repository, paths } = fixture(t);
    trustFolder(repository, paths);
    change(repository);
    const { trusted, notice } = await load(repository, env);
    const others = all.filter((path) => !path.startsWith(`.agents/${unit}`));
    assert.deepEqual(trusted, others);
    assert.ok(notice.includes(`has changed since it was trusted (.agents/${unit})`), notice);
    trustFolder(repository, paths);
    assert.equal((await load(repository, env)).notice, '');
  });

test('a skill that has gone as a whole is no change that asks', async (t) => {
  const { env, repository, paths } = fixture(t);
  trustFolder(repository, paths);
  rmSync(join(repository, '.agents/skills/two'), { recursive: true });
  const { trusted, notice } = await load(repository, env);
  assert.equal(notice, '');
  assert.ok(trusted.includes('.agents/skills/one/SKILL.md'));
});

test('configuration and .agents are trusted together and judged apart', async (t) => {
  const { env, repository, paths } = fixture(t);
  put(repository, { '.spindlerc.json': { model: 'theirs' } });
  trustFolder(repository, paths);
  appendFileSync(join(repository, '.agents/skills/two/SKILL.md'), 'x');
  const { config } = await loadConfig({ cwd: repository, env });
  assert.equal(config.model, 'theirs');
  put(repository, { '.spindlerc.json': { model: 'other' } });
  const after = await load(repository, env);
  assert.ok(after.trusted.includes('.agents/skills/one/SKILL.md'));
});

test('with --trust and in folders that managed policy trusts everything counts', async (t) => {
  const { env, repository } = fixture(t);
  const { agents, notices } = await loadConfig({ cwd: repository, env, trust: true });
  assert.equal(agents.trusted, undefined);
  assert.deepEqual(notices, []);
});

test('folders nearer to the working folder come first, and the user’s before all', async (t) => {
  const { home, env, repository } = fixture(t);
  put(home, { 'skills/mine/SKILL.md': 'x' });
  put(repository, { 'a/b/.agents/skills/deep/SKILL.md': 'x' });
  const { agents } = await load(join(repository, 'a/b'), env, repository);
  const ours = agents.skills.filter(
    ({ path }) => path.startsWith(home) || path.startsWith(repository),
  );
  assert.deepEqual(ours, [
    { path: join(home, 'skills'), by: 'user' },
    { path: join(repository, 'a/b/.agents/skills'), by: 'repository' },
    { path: join(repository, '.agents/skills'), by: 'repository' },
  ]);
});

test('a linked worktree has the trust of its main one, file by file', async (t) => {
  const { env, repository, paths } = fixture(t);
  rmSync(join(repository, '.git'), { recursive: true });
  const git = (...argv: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@x', ...argv], {
      cwd: repository,
    });
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '--message', 'x');
  trustFolder(repository, paths);
  const linked = join(folderWith(t), 'linked');
  git('worktree', 'add', '--quiet', linked);
  assert.deepEqual((await load(linked, env)).trusted, all);
});

test('links in a circle and links that lead nowhere do not stop a start; too many files are not trusted', async (t) => {
  const { env, repository, paths } = fixture(t);
  symlinkSync('.', join(repository, '.agents/skills/round'));
  symlinkSync('loop-b', join(repository, '.agents/skills/loop-a'));
  symlinkSync('loop-a', join(repository, '.agents/skills/loop-b'));
  symlinkSync('/nowhere', join(repository, '.agents/agents/nowhere.md'));
  trustFolder(repository, paths);
  assert.ok((await load(repository, env)).trusted.includes('.agents/skills/one/SKILL.md'));
  rmSync(join(repository, '.agents/skills/round'));
  put(
    repository,
    Object.fromEntries(Array.from({ length: 2001 }, (_, at) => [`.agents/skills/big/${at}`, 'x'])),
  );
  const { trusted, notice } = await load(repository, env);
  assert.deepEqual(trusted, []);
  assert.match(notice, /expected at most 2000 files/);
  assert.throws(() => trustFolder(repository, paths), /expected at most 2000 files/);
});
