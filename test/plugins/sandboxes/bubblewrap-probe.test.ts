/** What bubblewrap says of machines that allow all of it, a part, and nothing. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import type { SandboxProbe } from '../../../core/index.ts';
import { whyNot } from '../../fixtures/sandboxes/bubblewrap.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';
import type { Ran } from '../../contracts/sandboxes.ts';

const program = join(import.meta.dirname, '../../fixtures/sandboxes/probe.ts');
const skip = await whyNot();
const canUnshare = spawnSync('unshare', ['-Urm', 'true']).status === 0;
const skipInside = skip || (!canUnshare && 'NOT TESTED: unshare -Urm does not work here');

interface Said {
  readonly probe: SandboxProbe;
  readonly ran: Ran & { readonly error?: string };
}

/** What probe.ts prints after a command has changed the machine that it sees. */
function probeAfter(change: string, options: { path?: string; cwd?: string } = {}): Said {
  const { path = process.env['PATH'] ?? '', cwd = '/' } = options;
  const script = `set -e; ${change}; PATH="$0" exec "$1" "$2"`;
  const args = ['-Urm', 'sh', '-c', script, path, process.execPath, program];
  const env = { ...process.env, CANARY: 'canary' };
  const ran = spawnSync('unshare', args, { cwd, env, encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  return JSON.parse(ran.stdout) as Said; // of probe.ts
}

test('where all is allowed, the level is full', { skip: skipInside }, () => {
  const { probe, ran } = probeAfter(':');
  assert.equal(probe.level, 'full', probe.reasons.join());
  assert.match(ran.stdout, /^1 2/);
});

test(
  'where a new /proc is refused, as in containers, it is partial, with the reason, and works',
  { skip: skipInside },
  () => {
    const { probe, ran } = probeAfter('mount -t tmpfs none /proc/tty');
    assert.equal(probe.level, 'partial');
    assert.match(probe.reasons.join(), /refuses them a \/proc of their own \(bwrap: .*proc/);
    assert.match(ran.stdout, /(Read-only|Permission)/);
    assert.doesNotMatch(ran.stdout, /canary/i);
  },
);

test('where user namespaces are off, it is none, and says what to do', { skip: skipInside }, () => {
  const { probe, ran } = probeAfter('echo 0 > /proc/sys/user/max_user_namespaces');
  assert.equal(probe.level, 'none');
  assert.match(probe.reasons.join(), /user namespaces are refused here; allow them \(sysctl/);
  assert.match(ran.error ?? '', /cannot confine commands/);
});

test(
  'where there is no bwrap, it is none, and says how to install it',
  { skip: skipInside },
  () => {
    const { probe, ran } = probeAfter(':', { path: '/no/such/folder' });
    assert.deepEqual(probe.level, 'none');
    assert.match(
      probe.reasons.join(),
      /no bwrap on PATH: install it \(Debian and Ubuntu: apt install/,
    );
    assert.match(ran.error ?? '', /cannot confine commands/);
  },
);

test(
  'a bwrap of the folder that Spindle was started in does not count',
  { skip: skipInside },
  (t) => {
    const cwd = temporaryFolder(t);
    mkdirSync(join(cwd, 'bin'));
    copyFileSync('/bin/true', join(cwd, 'bin/bwrap'));
    for (const path of [join(cwd, 'bin'), 'bin', '.'])
      assert.match(probeAfter(':', { cwd, path }).probe.reasons.join(), /no bwrap on PATH/);
  },
);

test('a bwrap that is too old is told', { skip: skipInside }, (t) => {
  const bin = temporaryFolder(t);
  writeFileSync(
    join(bin, 'bwrap'),
    '#!/bin/sh\necho "bwrap: Unknown option --size" >&2\nexit 1\n',
    { mode: 0o755 },
  );
  const { probe } = probeAfter(':', { path: bin, cwd: '/usr' });
  assert.equal(probe.level, 'none');
  assert.match(probe.reasons.join(), /install bubblewrap 0\.8 or newer/);
});
