import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { ended, shows } from '../fixtures/front-ends/run.ts';
import { makeE2e } from './place.ts';

/** The temporary folder is its own, so that what the demonstration leaves can be seen. */
async function makeDemo(t: TestContext, env: Readonly<Record<string, string>> = {}) {
  const key = { OPENAI_API_KEY: '', OPENAI_BASE_URL: '' };
  const temporary = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
  const place = await makeE2e(t, { answers: [], env: { ...key, TMPDIR: temporary, ...env } });
  t.after(() => execFileSync('rm', ['-rf', temporary]));
  return {
    ...place,
    temporary,
    left: () => readdirSync(temporary).filter((name) => name.startsWith('spindle')),
  };
}

test('without arguments a task is played for real: red, mended, green; nothing is left', async (t) => {
  const place = await makeDemo(t);
  const { code, stdout, stderr } = await place.run([]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /unconfined \(danger-full-access\)|confined by \w+ \(workspace-write\)/);
  assert.match(
    stdout,
    /exit 1[^]*M basket\.js \+1 -1[^]*exit 0[^]*\$ git diff\n[^]*-.*let at = 1[^]*The test is green/,
  );
  assert.match(stdout, /exec "make the failing test pass"$/m);
  assert.deepEqual(place.left(), []);
  assert.ok(
    !existsSync(join(place.env['HOME'] ?? '', 'threads')),
    'expected no thread to be stored',
  );
  assert.equal(place.server.requests.length, 0);
});

test('without git it is played all the same, and says so; with --keep the folder stays', async (t) => {
  const place = await makeDemo(t);
  const programs = join(place.cwd, 'programs');
  mkdirSync(programs);
  for (const program of ['bash', 'sh'])
    symlinkSync(
      execFileSync('which', [program], { encoding: 'utf8' }).trim(),
      join(programs, program),
    );
  const other = await makeDemo(t, { PATH: programs });
  const { code, stdout, stderr } = await other.run(['--keep']);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /There is no git/);
  const [name = ''] = other.left();
  assert.match(stdout, new RegExp(`The folder stays: .*${name}`));
  const cwd = join(other.temporary, name);
  execFileSync(process.execPath, ['--test'], { cwd, env: { PATH: process.env['PATH'] } });
});

test('SIGINT in the middle ends it with 130 and leaves nothing', async (t) => {
  const place = await makeDemo(t);
  const child = place.start();
  await shows(child.stdout, /\$ node --test/);
  child.kill('SIGINT');
  assert.equal((await ended(child)).code, 130);
  assert.deepEqual(place.left(), []);
});
