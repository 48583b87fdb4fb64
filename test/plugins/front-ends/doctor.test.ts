import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Sandbox } from '../../../core/index.ts';
import {
  checkConfiguration,
  checkPrograms,
  checkState,
} from '../../../plugins/front-ends/doctor/checks.ts';
import { checkSandbox } from '../../../plugins/front-ends/doctor/checks-kernel.ts';
import type { FoundConfiguration, Machine } from '../../../plugins/front-ends/doctor.ts';
import { makePlace } from '../../fixtures/front-ends/run.ts';

test('each line is ok, warn or fail with what to do; without a fail the exit code is 0', async (t) => {
  const { code, stdout, stderr } = await makePlace(t).run(['doctor']);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^ok +node +v\d+/m);
  assert.match(stdout, /^ok +state +\//m);
  assert.match(
    stdout,
    /^warn +sandbox +commands cannot be confined: .*\n +they run only with --sandbox danger-full-access/m,
  );
  assert.match(stdout, /^ok +plugins +\d+ started in /m);
});

test('the same as JSON, with the flags that have chosen the configuration', async (t) => {
  const { code, stdout } = await makePlace(t).run(['doctor', '--json', '--cd=.', '--model=m']);
  assert.equal(code, 0);
  const { ok, checks } = JSON.parse(stdout);
  assert.equal(ok, true);
  assert.deepEqual(new Set(Object.keys(checks[0])), new Set(['name', 'state', 'message']));
});

const configuration: FoundConfiguration = {
  files: [],
  notices: [],
  state: '/state',
  threads: '/state/threads',
  provider: { name: 'scripted' },
};

test('configuration files are listed with their state; an invalid one fails, an untrusted one warns', () => {
  const checks = checkConfiguration({
    ...configuration,
    files: [
      { file: '/u/config.json', layer: 'user', state: 'in force' },
      {
        file: '/r/.spindlerc.json',
        layer: 'repository',
        state: 'untrusted',
        message: 'run spindle trust',
      },
      { file: '/m/managed.json', layer: 'managed', state: 'invalid', message: 'no JSON' },
    ],
  });
  assert.deepEqual(
    checks.map(({ state, advice }) => [state, advice]),
    [
      ['ok', undefined],
      ['warn', 'run spindle trust'],
      ['fail', 'no JSON'],
    ],
  );
});

test('of a configuration that cannot be used every fault is a line, and nothing says that there is none', () => {
  const checks = checkConfiguration({
    ...configuration,
    error: '/u/config.json: modle: unknown key.\n/u/config.json: sandbox: no',
  });
  assert.deepEqual(checks, [
    { name: 'config', state: 'fail', message: '/u/config.json: modle: unknown key.' },
    { name: 'config', state: 'fail', message: '/u/config.json: sandbox: no' },
  ]);
});

const machine: Machine = {
  run: () => Promise.resolve(undefined),
  writeFault: () => Promise.resolve('permission denied'),
  sizeOf: () => Promise.resolve({ files: 3, bytes: 6_000_000_000 }),
};

test('a state folder that cannot be written to fails, a very large store warns', async () => {
  const [state, threads] = await checkState(configuration, machine);
  assert.deepEqual([state?.state, state?.message], ['fail', '/state: permission denied']);
  assert.deepEqual(
    [threads?.state, threads?.message],
    ['warn', '3 files, 6.0 GB in /state/threads'],
  );
});

test('programs that are not there are named with what to install: no shell fails, no git or ripgrep warns', async () => {
  const checks = await checkPrograms(machine);
  assert.deepEqual(
    checks.map(({ name, state }) => [name, state]),
    [
      ['git', 'warn'],
      ['shell', 'fail'],
      ['ripgrep', 'warn'],
    ],
  );
  assert.match(checks[0]?.message ?? '', /there is no git/);
});

const sandbox = (
  name: string,
  level: 'full' | 'partial' | 'none',
  reasons: readonly string[],
): Sandbox => ({
  name,
  probe: () => ({ level, reasons }),
  plan: () => {
    throw new Error('not asked for');
  },
});

test('the best sandbox is told, and why there is none better', async () => {
  const full = await checkSandbox([sandbox('a', 'none', ['no a']), sandbox('b', 'full', [])]);
  assert.deepEqual(full, [{ name: 'sandbox', state: 'ok', message: 'b confines commands fully' }]);
  const [partial] = await checkSandbox([
    sandbox('a', 'none', ['no a']),
    sandbox('b', 'partial', ['no proc']),
  ]);
  assert.deepEqual(
    [partial?.state, partial?.message],
    ['warn', 'b confines in part: a: no a; b: no proc'],
  );
});
