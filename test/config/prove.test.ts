/** What `spindle doctor` tries in a sandbox. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { test } from 'node:test';

import { proveSandbox } from '../../config/prove.ts';
import type { Sandbox } from '../../core/index.ts';
import bubblewrap from '../../plugins/sandboxes/bubblewrap.ts';
import { sandboxOf } from '../contracts/sandboxes.ts';
import { makeE2e } from '../e2e/place.ts';
import { whyNot } from '../fixtures/sandboxes/bubblewrap.ts';

const skip = await whyNot();
const skipProc = process.platform === 'linux' ? false : 'NOT TESTED: there is no /proc';

function leftovers(): readonly string[] {
  return [homedir(), tmpdir()].flatMap((folder) =>
    readdirSync(folder).filter((name) => name.startsWith('.spindle-doctor-')),
  );
}

test('every attempt is held in bubblewrap', { skip }, async () => {
  const proofs = await proveSandbox(await sandboxOf(bubblewrap()));
  assert.deepEqual(
    proofs.filter(({ held }) => !held),
    [],
  );
  assert.ok(proofs.length > 10);
});

test(
  'none is where a sandbox does not confine, and nothing is left behind',
  { skip: skipProc },
  async () => {
    const lying: Sandbox = {
      name: 'lying',
      probe: () => ({ level: 'full', reasons: [] }),
      plan: ({ argv: [file, ...args], cwd, env }) => ({ file, args, cwd, env }),
    };
    const before = leftovers();
    const proofs = await proveSandbox(lying);
    assert.deepEqual(
      proofs.filter(({ held }) => held),
      [],
    );
    assert.deepEqual(
      leftovers().filter((name) => !before.includes(name)),
      [],
    );
  },
);

test('what is allowed by the configuration is told as not held', { skip }, async () => {
  const proofs = await proveSandbox(await sandboxOf(bubblewrap({ unixSockets: true })));
  assert.deepEqual(
    proofs.filter(({ held }) => !held).map(({ name }) => name),
    ['connecting to a Unix socket'],
  );
});

test('spindle doctor tells of each attempt', { skip }, async (t) => {
  const place = await makeE2e(t, { answers: [] });
  const { stdout } = await place.run(['doctor']);
  assert.match(stdout, /^ok +sandbox +held: writing outside the workspace$/m);
  assert.match(stdout, /^ok +sandbox +held: a process that outlives its command$/m);
});
