import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import type { SandboxRequest } from '../../../core/index.ts';
import container from '../../../plugins/sandboxes/container.ts';
import { planContainer, type ContainerOptions } from '../../../plugins/sandboxes/container/plan.ts';
import { requestIn, sandboxContract, sandboxOf } from '../../contracts/sandboxes.ts';

const program = join(import.meta.dirname, '../../fixtures/sandboxes/podman');
const ground = {
  home: '/home/me',
  user: '1000:1000',
  env: { HOME: '/home/me', PATH: '/bin', OPENAI_API_KEY: 'canary' },
};

// The stand-in for podman runs the command here, in the folder and with the environment it is told.
sandboxContract('container', () => container({ image: 'there', program }));

/** The plan as lines, with the folder of the test named WORK. */
function shown(request: SandboxRequest, options: ContainerOptions = {}): readonly string[] {
  const plan = planContainer(request, { image: 'there', ...options }, ground);
  return [
    plan.file,
    ...plan.args,
    ...(plan.cleanup ?? []).map((path) => `(gone afterwards: ${path})`),
  ].map((line) => line.replaceAll(request.cwd, 'WORK'));
}

/** A folder with a repository as git makes it. */
function repository(t: TestContext): SandboxRequest {
  const request = requestIn(t, ['git', 'commit']);
  const git = join(request.cwd, '.git');
  for (const name of ['hooks', 'info', 'objects', 'refs'])
    mkdirSync(join(git, name), { recursive: true });
  writeFileSync(join(git, 'hooks', 'pre-commit'), 'true');
  writeFileSync(join(git, 'HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(join(git, 'config'), '[core]\n');
  return request;
}

test('the plan of a commit: all rights dropped, no network, the repository but for what acts writable', (t) => {
  t.assert.snapshot(shown(repository(t)));
});

test('the plan with network and limits for docker, in a folder without a repository', (t) => {
  const request = { ...requestIn(t, ['npm', 'test']), network: true };
  const options = { program: 'docker', memoryBytes: 1e9, tmpBytes: 1e6, processes: 100 };
  t.assert.snapshot(shown(request, { ...options, args: ['--gpus=all'] }));
});

test('read-only mounts the roots read-only and holds nothing more', (t) => {
  const mounts = shown({ ...repository(t), mode: 'read-only' }).filter((one) => /mount/.test(one));
  assert.deepEqual(mounts, ['--mount=type=bind,source=WORK,destination=WORK,readonly']);
});

test('a command line of your own is filled in', (t) => {
  const argv = [
    'nerdctl',
    'run',
    '{network}',
    '{mounts}',
    '-w{cwd}',
    '{image}',
    '{command}',
  ] as const;
  const request: SandboxRequest = { ...requestIn(t, ['ls', '{cwd}']), mode: 'read-only' };
  assert.deepEqual(shown(request, { argv: [...argv] }), [
    'nerdctl',
    'run',
    '--network=none',
    '--mount=type=bind,source=WORK,destination=WORK,readonly',
    '-wWORK',
    'there',
    'ls',
    '{cwd}',
  ]);
});

test('a path with a comma is one value of the mount', (t) => {
  const request = requestIn(t, ['ls']);
  const root = join(request.cwd, 'a,b "c"');
  mkdirSync(root);
  const [mount] = shown({ ...request, roots: [root], mode: 'read-only' }).filter((one) =>
    /mount/.test(one),
  );
  const path = 'WORK/a,b ""c""';
  assert.equal(mount, `--mount=type=bind,"source=${path}","destination=${path}",readonly`);
});

test('the container gets what commands get, but not what the image says itself; podman gets no key', (t) => {
  const request = requestIn(t, ['env']);
  const env = { ...request.env, HOME: '/home/me', TMPDIR: '/x' };
  const plan = planContainer({ ...request, env }, { image: 'there' }, ground);
  assert.deepEqual(
    plan.args.filter((one) => one.startsWith('--env')),
    ['--env=GREETING=hello'],
  );
  assert.deepEqual(plan.env, { HOME: '/home/me', PATH: '/bin' });
});

test('a workspace that holds the home folder, or is not there, is refused', async (t) => {
  const sandbox = await sandboxOf(container({ image: 'there', program }));
  const request = requestIn(t, ['ls']);
  for (const root of ['/', homedir()])
    await assert.rejects(async () => sandbox.plan({ ...request, roots: [root] }), {
      code: 'sandbox',
    });
  const missing = join(request.cwd, 'missing');
  await assert.rejects(async () => sandbox.plan({ ...request, roots: [missing] }), {
    code: 'not_found',
  });
});

test('without an image, or with one that is not there, it confines nothing and says why', async (t) => {
  const none = await sandboxOf(container());
  assert.deepEqual(await none.probe(), { level: 'none', reasons: ['no image is configured'] });
  await assert.rejects(async () => none.plan(requestIn(t, ['ls'])), { code: 'sandbox' });
  const lost = await sandboxOf(container({ image: 'elsewhere', program }));
  const { level, reasons } = await lost.probe();
  assert.equal(level, 'none');
  assert.match(reasons[0] ?? '', /pull elsewhere.*elsewhere: no such image/);
});
