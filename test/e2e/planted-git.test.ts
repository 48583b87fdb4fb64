/** A repository whose configuration acts whenever git looks at it: the program itself never makes git look. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { has } from '../fixtures/sandboxes/bubblewrap.ts';
import { type E2e, makeE2e } from './place.ts';

const skip = has('git') ? false : 'NOT TESTED: there is no git';

/** Everything that git can be told to run, with a mark of its own. */
function plant({ cwd, env }: E2e, kind: 'ordinary' | 'bare'): (name?: string) => string {
  const mark = (name: string) => join(cwd, '..', `mark-${name}`);
  const run = (name: string) => `touch ${mark(name)}; false`;
  const git = (...args: readonly string[]) =>
    execFileSync('git', args, { cwd, env: { ...process.env, HOME: env['HOME'] }, stdio: 'pipe' });
  git('init', '-q', ...(kind === 'bare' ? ['--bare', '.'] : []));
  const settings = {
    'core.fsmonitor': run('fsmonitor'),
    'core.sshCommand': run('ssh'),
    'core.pager': run('pager'),
    'core.editor': run('editor'),
    'diff.external': run('diff'),
    'diff.evil.textconv': run('textconv'),
    'filter.evil.clean': run('filter'),
    'filter.evil.smudge': run('filter'),
    'credential.helper': `!${run('credential')}`,
    'gpg.program': run('gpg'),
    'alias.status': `!${run('alias')}`,
  };
  if (kind === 'ordinary') {
    const id = ['-c', 'user.name=a', '-c', 'user.email=b'];
    writeFileSync(join(cwd, '.gitattributes'), '* filter=evil diff=evil\n');
    writeFileSync(join(cwd, 'file'), 'one\n');
    git('add', 'file');
    git(...id, 'commit', '-q', '-m', 'one');
    writeFileSync(join(cwd, 'file'), 'two\n');
    for (const hook of ['post-checkout', 'pre-commit', 'post-index-change']) {
      const file = join(cwd, '.git/hooks', hook);
      writeFileSync(file, `#!/bin/sh\n${run('hook')}\n`);
      chmodSync(file, 0o755);
    }
  }
  for (const [name, value] of Object.entries(settings)) git('config', name, value);
  return (name = 'fsmonitor') => mark(name);
}

const names = 'fsmonitor ssh pager editor diff textconv filter credential gpg alias hook'.split(
  ' ',
);

async function runAll(t: TestContext, kind: 'ordinary' | 'bare') {
  const place = await makeE2e(t, {
    answers: [{ parts: [{ call: 'read_file', args: { path: 'AGENTS.md' } }] }, { text: 'Done.' }],
    files: { 'AGENTS.md': 'Be kind.\n' },
  });
  const mark = plant(place, kind);
  for (const name of names) rmSync(mark(name), { force: true });
  const commands = [
    ['exec', 'read AGENTS.md'],
    ['doctor'],
    ['trust'],
    ['exec', '--ephemeral', 'again'],
    ['thread', 'list'],
    ['config', 'show'],
    ['prompt', 'explain'],
    ['policy', 'check', '--', 'git status'],
    ['trust', '--revoke'],
  ];
  for (const argv of commands) {
    await place.run(argv);
    const acted = names.filter((name) => existsSync(mark(name)));
    assert.deepEqual(acted, [], `spindle ${argv.join(' ')}`);
  }
  return { place, mark };
}

test(
  'hooks, monitors, filters, pagers, helpers and aliases of a repository do not act when the program is used in it',
  { skip },
  async (t) => {
    const { place, mark } = await runAll(t, 'ordinary');
    spawnSync('git', ['diff'], { cwd: place.cwd });
    assert.ok(existsSync(mark()), 'expected them to act when somebody uses git there');
  },
);

test('neither do those of a folder that is laid out as git’s own', { skip }, async (t) => {
  const { place } = await runAll(t, 'bare');
  assert.match(readFileSync(join(place.cwd, 'HEAD'), 'utf8'), /^ref: /);
});
