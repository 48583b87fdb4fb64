import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadConfig } from '../../config/load.ts';
import { folderWith, homeWith, repositoryWith } from './folders.ts';

const program = join(import.meta.dirname, '../../config/spindle.cjs');

/** Runs a command as a tool's would be run, under this configuration of the user's. */
function sandbox(t: TestContext, config: unknown, managed?: unknown) {
  const { env } = homeWith(t, { 'config.json': config });
  const policy = managed === undefined ? {} : { 'managed.json': managed };
  const named = { SPINDLE_MANAGED: join(folderWith(t, policy), 'managed.json') };
  const { PATH = '' } = process.env;
  const all = { PATH, ...env, ...(managed === undefined ? {} : named) };
  const argv = [program, 'sandbox', '--', 'echo', 'ran'];
  const ran = spawnSync(process.execPath, argv, { cwd: repositoryWith(t), env: all });
  return { out: ran.stdout.toString(), err: ran.stderr.toString() };
}

const none = { plugins: { none: true }, choose: { sandboxes: 'none' } };
const allow = { rules: [{ action: 'allow', command: 'echo' }] };

test('the sandbox that is chosen by name is used, and one that confines nothing counts as leaving', (t) => {
  const denied = sandbox(t, none);
  assert.match(denied.err, /denied: the command runs outside the sandbox/);
  assert.equal(denied.out, '');
  assert.equal(sandbox(t, { ...none, ...allow }).out, 'ran\n');
});

test('a sandbox that is not there is named beside those that are', (t) => {
  const { err } = sandbox(t, { ...none, choose: { sandboxes: 'nope' } });
  assert.match(err, /there is no "nope" in sandboxes; there are: .*none/);
});

test('where managed policy has commands confined, choosing a sandbox that does not is no way out', (t) => {
  const config = { ...none, ...allow };
  const listed = sandbox(t, config, { allow: { sandbox: ['workspace-write'] } });
  assert.match(listed.err, /commands may only run confined/);
  const set = sandbox(t, config, { sandbox: 'workspace-write' });
  assert.match(set.err, /commands may only run confined/);
  assert.equal(listed.out + set.out, '');
});

test('a repository chooses nothing', async (t) => {
  const { env } = homeWith(t, {});
  const cwd = repositoryWith(t, { '.spindlerc.json': { choose: { sandboxes: 'none' } } });
  const { config, notices } = await loadConfig({ cwd, env, flags: [], trust: true });
  assert.equal(config.choose, undefined);
  assert.ok(
    notices.some(({ message }) => message.includes('choose')),
    JSON.stringify(notices),
  );
});
