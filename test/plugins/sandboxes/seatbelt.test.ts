import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { SandboxRequest, SpawnPlan } from '../../../core/index.ts';
import seatbelt from '../../../plugins/sandboxes/seatbelt.ts';
import { planSeatbelt, type SeatbeltOptions } from '../../../plugins/sandboxes/seatbelt/plan.ts';
import { sandboxContract, sandboxOf } from '../../contracts/sandboxes.ts';

const request: SandboxRequest = {
  argv: ['npm', 'test', 'a b'],
  cwd: '/Users/me/work',
  env: { PATH: '/usr/bin:/bin', TMPDIR: '/var/folders/xy/T' },
  mode: 'workspace-write',
  roots: ['/Users/me/work', '/Users/me/other "work"'],
  network: false,
};

const plan = (changes: Partial<SandboxRequest> = {}, options: SeatbeltOptions = {}) =>
  planSeatbelt(
    { ...request, ...changes },
    {
      home: '/Users/me',
      hidden: ['/private/var/folders/xy/T'],
      tmp: '/private/var/folders/xy/T/spindle-abc',
      options,
    },
  );
const profileOf = (changes: Partial<SandboxRequest> = {}, options: SeatbeltOptions = {}) =>
  plan(changes, options).args[1] ?? '';

/** The profile line by line, so that a change can be read. */
const shown = ({ args, ...rest }: SpawnPlan) => ({
  ...rest,
  args: args.flatMap((arg) => arg.split('\n')),
});

if (process.platform === 'darwin') sandboxContract('seatbelt', seatbelt);

test('the plan of a command in two writable folders', (t) => {
  t.assert.snapshot(shown(plan()));
});

test('the plan of a command that may only read, with network', (t) => {
  t.assert.snapshot(shown(plan({ mode: 'read-only', network: true, roots: ['/Users/me/work'] })));
});

test('a plan is plain data, and the same for the same request', () => {
  assert.deepEqual(JSON.parse(JSON.stringify(plan())), plan());
});

test('paths are parameters: none is part of the profile', () => {
  assert.doesNotMatch(profileOf(), /me\/work|other|spindle-abc/);
  assert.ok(plan().args.includes('-DPATH_0=/Users/me'));
});

test('every parameter of the profile is given, and each is used', () => {
  const { args } = plan();
  const used = [...profileOf().matchAll(/\(param "(\w+)"\)/g)].map(([, name]) => name);
  const given = args.flatMap((arg) => /^-D(\w+)=/.exec(arg)?.[1] ?? []);
  assert.deepEqual(new Set(used), new Set(given));
});

test('parentheses of the profile are balanced', () => {
  const bare = profileOf().replaceAll(/#?"[^"]*"/g, '');
  assert.equal(bare.replaceAll(/[^(]/g, '').length, bare.replaceAll(/[^)]/g, '').length);
});

test('what acts is held in every repository below a root, in any case, also before it is there', () => {
  const patterns = [...profileOf().matchAll(/\(regex #"(\/[^"]*)"\)/g)].map(
    ([, pattern = '']) => new RegExp(pattern),
  );
  const isHeld = (path: string) => patterns.some((pattern) => pattern.test(path));
  for (const path of [
    '/w/.git',
    '/w/.GIT/hooks/pre-commit',
    '/w/a/b/.git/config',
    '/w/.git/modules/x/config',
    '/w/.git/commondir',
    '/w/.mcp.json',
    '/w/a/.vscode/tasks.json',
    '/w/.spindlerc.yaml',
    '/w/.spindle/plugins/x.ts',
  ])
    assert.ok(isHeld(path), path);
  for (const path of ['/w/.git/HEAD', '/w/.git/objects/ab/cd', '/w/.gitignore', '/w/a.config'])
    assert.ok(!isHeld(path), path);
});

test('without network there is no rule that allows any; loopback is a switch of its own', () => {
  assert.doesNotMatch(profileOf(), /network/);
  assert.match(profileOf({}, { loopback: true }), /network-bind \(local ip "localhost:\*"\)/);
});

test('a workspace that holds the home folder is refused, and so is a relative path', () => {
  for (const root of ['/', '/Users', '/Users/me'])
    assert.throws(() => plan({ roots: [root] }), { code: 'sandbox' });
  assert.doesNotThrow(() => plan({ roots: ['/Users/me'], mode: 'read-only' }));
  assert.throws(() => plan({ roots: ['work'] }), { code: 'invalid' });
});

test('elsewhere than on macOS it confines nothing and says so', async () => {
  const sandbox = await sandboxOf(seatbelt());
  if (process.platform === 'darwin') return;
  assert.deepEqual(await sandbox.probe(), { level: 'none', reasons: ['seatbelt is for macOS'] });
  await assert.rejects(async () => sandbox.plan(request), { code: 'sandbox', message: /macOS/ });
});
