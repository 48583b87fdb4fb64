import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import remote from '../../../plugins/sandboxes/remote.ts';
import { planRemote } from '../../../plugins/sandboxes/remote/plan.ts';
import { requestIn, run, sandboxContract, sandboxOf } from '../../contracts/sandboxes.ts';

const program = join(import.meta.dirname, '../../fixtures/sandboxes/ssh.sh');
const request = {
  argv: ['printf', "it's"],
  cwd: '/a b',
  env: { LANG: 'C', GREETING: "o'clock" },
  mode: 'workspace-write',
  roots: ['/a b'],
  network: false,
} as const;

// The stand-in for ssh does what a login on another host does with the line it gets.
sandboxContract('remote', () => remote({ host: 'elsewhere', program }));

test('the plan is one line for a login shell there, after options that neither ask nor forward', () => {
  const own = { HOME: '/home/me', PATH: '/bin', SSH_AUTH_SOCK: '/s', OPENAI_API_KEY: 'canary' };
  const args = ['-p', '2222'];
  assert.deepEqual(planRemote(request, { host: 'me@elsewhere', args }, own), {
    file: 'ssh',
    args: [
      '-T',
      '-a',
      '-x',
      '-o',
      'BatchMode=yes',
      '-o',
      'ClearAllForwardings=yes',
      '-p',
      '2222',
      '--',
      'me@elsewhere',
      String.raw`exec /bin/sh -c 'cd '\''/a b'\'' && exec '\''env'\'' '\''-i'\'' '\''LANG=C'\'' '\''GREETING=o'\''\'\'''\''clock'\'' '\''printf'\'' '\''it'\''\'\'''\''s'\'''`,
    ],
    cwd: '/',
    env: { HOME: '/home/me', PATH: '/bin', SSH_AUTH_SOCK: '/s' },
  });
});

test('a sandbox of that host can be put before each command', async (t) => {
  const through = ['printf', '<%s>', '{mode}', '{network}'];
  const sandbox = await sandboxOf(remote({ host: 'elsewhere', program, through }));
  const { stdout } = await run(await sandbox.plan(requestIn(t, ['ls', '-l'])));
  assert.equal(stdout, '<workspace-write><off><ls><-l>');
});

test('what cannot be said in a line is refused', () => {
  const host = 'elsewhere';
  assert.throws(() => planRemote({ ...request, argv: ['a\0b'] }, { host }, {}), {
    code: 'invalid',
  });
  const env = { 'A;touch /tmp/x': '' };
  assert.throws(() => planRemote({ ...request, env }, { host }, {}), { code: 'invalid' });
});

test('without a host, or with one that cannot be reached, it confines nothing and says why', async (t) => {
  const none = await sandboxOf(remote());
  assert.deepEqual(await none.probe(), { level: 'none', reasons: ['no host is configured'] });
  await assert.rejects(async () => none.plan(requestIn(t, ['ls'])), { code: 'sandbox' });
  const lost = await sandboxOf(remote({ host: 'elsewhere', program: 'false' }));
  const { level, reasons } = await lost.probe();
  assert.equal(level, 'none');
  assert.match(reasons[0] ?? '', /^elsewhere cannot be used: /);
});
