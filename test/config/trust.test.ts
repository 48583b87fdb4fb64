import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadConfig } from '../../config/load.ts';
import { type Environment, pathsOf } from '../../config/paths.ts';
import { revokeFolder, trustFolder } from '../../config/trust-command.ts';
import { folderWith, homeWith, put, repositoryWith } from './folders.ts';

const plugin = 'export default () => ({ name: "mine", api: 1, setup() {} });\n';

function fixture(t: TestContext) {
  const { home, env } = homeWith(t);
  const repository = repositoryWith(t, {
    '.spindlerc.json': { model: 'theirs', plugins: { mine: { use: './tools/mine.ts' } } },
    'tools/mine.ts': `import { helper } from './helper.ts';\n${plugin}`,
    'tools/helper.ts': "export { helper } from '../lib/deep.js';\n",
    'lib/deep.js': 'export const helper = 1;\n',
    'README.md': 'nothing that acts',
  });
  return { home, env, repository, paths: pathsOf(env) };
}

async function counts(cwd: string, env: Environment) {
  const { config, notices } = await loadConfig({ cwd, env });
  return { counts: config.model === 'theirs', notice: notices[0]?.message ?? '' };
}

test('a trusted repository counts until it is revoked', async (t) => {
  const { env, repository, paths } = fixture(t);
  assert.equal((await counts(repository, env)).counts, false);
  const said = trustFolder(repository, paths);
  for (const file of ['.spindlerc.json', 'tools/mine.ts', 'tools/helper.ts', 'lib/deep.js']) {
    assert.ok(said.includes(`new: ${file}`), said);
  }
  assert.deepEqual(await counts(repository, env), { counts: true, notice: '' });
  assert.match(revokeFolder(repository, paths), /not trusted any more/);
  assert.equal((await counts(repository, env)).counts, false);
  assert.match(revokeFolder(repository, paths), /was not trusted/);
});

for (const file of ['.spindlerc.json', 'tools/mine.ts', 'tools/helper.ts', 'lib/deep.js']) {
  test(`an edit of ${file} asks again and says what changed`, async (t) => {
    const { env, repository, paths } = fixture(t);
    trustFolder(repository, paths);
    const text = readFileSync(join(repository, file), 'utf8');
    writeFileSync(join(repository, file), `${text}\n`);
    const { counts: does, notice } = await counts(repository, env);
    assert.equal(does, false);
    assert.ok(notice.includes(`has changed since it was trusted (${file} has changed)`), notice);
    assert.match(
      trustFolder(repository, paths),
      new RegExp(`^.* is trusted:\n  changed: ${file}\n    \\+ $`),
    );
    assert.equal((await counts(repository, env)).counts, true);
  });
}

test('an edit is shown line by line when it is trusted; what was trusted is kept for its user alone, until it is revoked', (t) => {
  const { repository, paths } = fixture(t);
  const file = join(repository, 'lib/deep.js');
  writeFileSync(file, 'one\ntwo\nthree\n');
  trustFolder(repository, paths);
  writeFileSync(file, 'one\n2\u001b[8m\nthree\n');
  const lines = trustFolder(repository, paths).split('\n').slice(1);
  assert.deepEqual(lines, ['  changed: lib/deep.js', '    - two', String.raw`    + 2\u001b[8m`]);
  const folder = paths.trust.replace('.json', '-texts');
  const kept = readdirSync(folder);
  assert.ok(kept.length > 0);
  for (const name of kept) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
  revokeFolder(repository, paths);
  assert.deepEqual(readdirSync(folder), []);
});

test('a plugin file that is gone, and a configuration that is new, ask again', async (t) => {
  const { env, repository, paths } = fixture(t);
  trustFolder(repository, paths);
  put(repository, { 'packages/a/.spindlerc.json': { effort: 'high' } });
  assert.match(
    (await counts(join(repository, 'packages/a'), env)).notice,
    /packages\/a\/\.spindlerc\.json is new/,
  );
  assert.equal((await counts(repository, env)).counts, true);
  trustFolder(join(repository, 'packages/a'), paths);
  assert.equal((await counts(join(repository, 'packages/a'), env)).counts, true);
  rmSync(join(repository, 'lib/deep.js'));
  assert.match((await counts(repository, env)).notice, /lib\/deep\.js is gone/);
});

test('what does not act may change', async (t) => {
  const { env, repository, paths } = fixture(t);
  trustFolder(repository, paths);
  put(repository, { 'README.md': 'other', 'tools/unused.ts': 'x' });
  assert.equal((await counts(repository, env)).counts, true);
});

test('the trust of one repository is not that of a copy', async (t) => {
  const { env, repository, paths } = fixture(t);
  trustFolder(repository, paths);
  const copy = folderWith(t);
  execFileSync('cp', ['-r', `${repository}/.`, copy]);
  assert.equal((await counts(copy, env)).counts, false);
});

test('a worktree of a trusted repository is trusted, and a folder that claims to be one is not', async (t) => {
  const { home, env } = homeWith(t);
  const repository = folderWith(t, { '.spindlerc.json': { model: 'theirs' } });
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      cwd: repository,
      stdio: 'pipe',
    });
  git('init', '-q');
  git('add', '.');
  git('commit', '-q', '-m', 'a');
  const tree = join(home, 'tree');
  git('worktree', 'add', '-q', tree);
  trustFolder(repository, pathsOf(env));
  assert.equal((await counts(tree, env)).counts, true);
  put(tree, { '.spindlerc.json': { model: 'theirs', effort: 'x' } });
  assert.equal((await counts(tree, env)).counts, false);
  const liar = folderWith(t, {
    '.git': readFileSync(join(tree, '.git'), 'utf8'),
    '.spindlerc.json': { model: 'theirs' },
  });
  assert.equal((await counts(liar, env)).counts, false);
});

test('a damaged trust file counts as no trust, says so, and is not overwritten', async (t) => {
  const { home, env, repository, paths } = fixture(t);
  for (const text of ['{"version":1,', '{"version":1,"paths":{"/x":[1]}}', '[]']) {
    writeFileSync(join(home, 'trust.json'), text);
    const { counts: does, notice } = await counts(repository, env);
    assert.equal(does, false);
    assert.match(notice, /trust\.json is damaged.*nothing counts as trusted/);
    assert.throws(() => trustFolder(repository, paths), { code: 'invalid', message: /is damaged/ });
    assert.equal(readFileSync(join(home, 'trust.json'), 'utf8'), text);
  }
});

test('the trust file is readable for its user alone', (t) => {
  const { home, repository, paths } = fixture(t);
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  trustFolder(repository, paths);
  assert.equal(statSync(join(home, 'trust.json')).mode & 0o777, 0o600);
});

test('a plugin that is not there cannot be trusted', (t) => {
  const { repository, paths } = fixture(t);
  rmSync(join(repository, 'tools/mine.ts'));
  assert.throws(() => trustFolder(repository, paths), {
    code: 'invalid',
    message: /tools\/mine\.ts cannot be read/,
  });
});

test('a repository without configuration has nothing to trust', (t) => {
  const { env } = homeWith(t);
  assert.match(trustFolder(repositoryWith(t), pathsOf(env)), /nothing to trust/);
});
