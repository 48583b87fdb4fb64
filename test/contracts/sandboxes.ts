/** What every sandbox must do; each implementation runs this suite where it can run. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { text } from 'node:stream/consumers';

import type { Plugin, Sandbox, SandboxRequest, SpawnPlan } from '../../core/index.ts';
import { valuesOf } from './collect.ts';
import { temporaryFolder } from '../fixtures/folders.ts';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

export function sandboxContract(name: string, plugin: () => Plugin): void {
  test(`${name}: it has a name, and its probe tells a level with reasons`, async () => {
    const sandbox = await sandboxOf(plugin());
    assert.equal(sandbox.name, name);
    const probe = await sandbox.probe();
    assert.match(probe.level, /^(full|partial|none)$/);
    if (probe.level !== 'full') assert.ok(probe.reasons.length > 0);
  });

  test(`${name}: a plan is plain data, and the same for the same request`, async (t) => {
    const sandbox = await sandboxOf(plugin());
    const request = requestIn(t, ['echo', 'hello']);
    const plan = await sandbox.plan(request);
    assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan);
    assert.deepEqual(await sandbox.plan(request), plan);
  });

  test(`${name}: what runs gets its arguments as they are, its folder, its environment and no other`, async (t) => {
    const sandbox = await sandboxOf(plugin());
    const script = 'printf "%s\\n" "$PWD" "$GREETING" "${HOME-none}" "$@"';
    const args = ['a b', '', '$HOME', '"; echo evil', 'ü\n'];
    const request = requestIn(t, ['/bin/sh', '-c', script, 'sh', ...args]);
    const ran = await run(await sandbox.plan(request));
    assert.deepEqual(ran, {
      stdout: [request.cwd, 'hello', 'none', ...args, ''].join('\n'),
      stderr: '',
      code: 0,
    });
  });

  test(`${name}: exit codes and both outputs come through`, async (t) => {
    const sandbox = await sandboxOf(plugin());
    const request = requestIn(t, ['/bin/sh', '-c', 'echo out; echo err >&2; exit 7']);
    assert.deepEqual(await run(await sandbox.plan(request)), {
      stdout: 'out\n',
      stderr: 'err\n',
      code: 7,
    });
  });

  test(`${name}: files can be written in the roots`, async (t) => {
    const sandbox = await sandboxOf(plugin());
    const request = requestIn(t, ['/bin/sh', '-c', 'echo x > file && cat file']);
    assert.deepEqual(await run(await sandbox.plan(request)), {
      stdout: 'x\n',
      stderr: '',
      code: 0,
    });
  });
}

/** The one sandbox that a plugin adds. */
export async function sandboxOf(plugin: Plugin): Promise<Sandbox> {
  const [sandbox, ...more] = (await valuesOf(plugin))['sandboxes'] ?? [];
  assert.deepEqual(more, []);
  return sandbox as Sandbox;
}

/** A request in a temporary folder, which is the only root. */
export function requestIn(t: TestContext, argv: SandboxRequest['argv']): SandboxRequest {
  const cwd = temporaryFolder(t);
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', GREETING: 'hello' };
  return { argv, cwd, mode: 'workspace-write', roots: [cwd], network: false, env };
}

/** Starts what a plan says, as the kernel does. */
export async function run(plan: SpawnPlan): Promise<Ran> {
  const { file, args, cwd, env, descriptors = [] } = plan;
  const stdio = ['ignore', 'pipe', 'pipe', ...descriptors.map(() => 'pipe' as const)] as const;
  const child = spawn(file, args, { cwd, env, stdio: [...stdio] });
  descriptors.forEach((bytes, index) => {
    const pipe = child.stdio[index + 3];
    if (pipe !== null && pipe !== undefined && 'end' in pipe)
      pipe.end(Buffer.from(bytes, 'base64'));
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout as Readable), // made by 'pipe' above
    text(child.stderr as Readable),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { stdout, stderr, code };
}
