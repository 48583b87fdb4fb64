import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';

import type { KernelError, SandboxRequest, SpawnPlan } from '../../../core/index.ts';
import bubblewrap, { options } from '../../../plugins/sandboxes/bubblewrap.ts';
import type { Ground } from '../../../plugins/sandboxes/bubblewrap/ground.ts';
import { planSpawn } from '../../../plugins/sandboxes/bubblewrap/plan.ts';
import { sandboxContract } from '../../contracts/sandboxes.ts';
import { makeRepository } from '../../fixtures/escapes/world.ts';
import { Confined, whyNot } from '../../fixtures/sandboxes/bubblewrap.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

const skip = await whyNot();
if (skip === false) sandboxContract('bubblewrap', bubblewrap);
else test('bubblewrap keeps the contract of sandboxes', { skip }, () => {});

/** A machine that every plan here is for, whatever it is made on. */
const ground: Ground = {
  program: '/usr/bin/bwrap',
  isRoot: false,
  filter: Buffer.from('the filter').toString('base64'),
  freshProc: true,
  hasOwnPidMax: true,
  prlimit: '/usr/bin/prlimit',
  homes: ['/home/me'],
  hidden: ['/home', '/run'],
  tmp: ['/tmp', '/var/tmp'],
  blank: [],
  shown: ['/home/me/.local/share/tools'],
  gitIdentity: Buffer.from('[user]\n\tname = "me"\n').toString('base64'),
  options: {},
};

function requestIn(cwd: string, more: Partial<SandboxRequest> = {}): SandboxRequest {
  const env = { PATH: '/usr/bin:/bin', HOME: '/home/me' };
  const mode = 'workspace-write' as const;
  return { argv: ['/bin/sh', '-c', 'true'], cwd, env, mode, roots: [cwd], network: false, ...more };
}

/** One option a line, without what differs from one machine to the next. */
function shown(plan: SpawnPlan, work: string): object {
  const named = (text: string) => text.replaceAll(work, '/work');
  const args = plan.args.map((arg) => named(arg)).join('\u{0}');
  return {
    ...plan,
    cwd: named(plan.cwd),
    args: args.split('\0--').map((arg, at) => (at === 0 ? arg : `--${arg}`).replaceAll('\0', ' ')),
    descriptors: plan.descriptors?.map((data) => Buffer.from(data, 'base64').toString()),
    cleanup: plan.cleanup?.map((path) => named(path)),
  };
}

function repositoryFor(t: TestContext): string {
  const work = temporaryFolder(t);
  makeRepository(work);
  return work;
}

test('the plan of a command in a repository', (t) => {
  const work = repositoryFor(t);
  t.assert.snapshot(shown(planSpawn(requestIn(work), ground), work));
});

test('the plan of a command in a folder without one', (t) => {
  const work = temporaryFolder(t);
  t.assert.snapshot(shown(planSpawn(requestIn(work), ground), work));
});

test('the plan of a command that may only read, with network, as root', (t) => {
  const work = repositoryFor(t);
  const request = requestIn(work, { mode: 'read-only', network: true });
  const root = {
    ...ground,
    isRoot: true,
    hidden: ['/run', '/root', '/etc/ssh'],
    blank: ['/etc/shadow'],
  };
  t.assert.snapshot(shown(planSpawn(request, root), work));
});

test('the plan where less can be had: no /proc of its own, no count of processes, no filter', (t) => {
  const work = temporaryFolder(t);
  const { filter: _, ...less } = { ...ground, freshProc: false, hasOwnPidMax: false };
  t.assert.snapshot(shown(planSpawn(requestIn(work), less), work));
});

test('the plan of a command that may reach some hosts', (t) => {
  const work = temporaryFolder(t);
  const env = {
    PATH: '/usr/bin:/bin',
    SPINDLE_PASSAGE: '/tmp/private/socket\ntoken',
    NODE_OPTIONS: '-x',
  };
  const { args, descriptors = [], env: outside } = planSpawn(requestIn(work, { env }), ground);
  assert.deepEqual(outside, { PATH: '/usr/bin:/bin' });
  assert.equal(descriptors[0], 'unix:/tmp/private/socket\ntoken\n');
  const [program, , , ...rest] = args.slice(args.indexOf('--') + 1);
  assert.equal(program, process.execPath);
  assert.deepEqual(rest, ['--', '3', '{"NODE_OPTIONS":"-x"}', '/bin/sh', '-c', 'true']);
  assert.ok(args.includes('--unshare-net'));
});

test('the plan with limits and names of the user’s own', (t) => {
  const work = temporaryFolder(t);
  const own = { processes: 500, memoryBytes: 2 ** 30, tmpBytes: 2 ** 20, held: ['.husky', 'a/b'] };
  t.assert.snapshot(shown(planSpawn(requestIn(work), { ...ground, options: own }), work));
});

test('what would change bwrap itself is set for the command alone', (t) => {
  const work = temporaryFolder(t);
  const env = { PATH: '/bin', LD_PRELOAD: '/x.so', GLIBC_TUNABLES: 'y', TMPDIR: '/somewhere' };
  const plan = planSpawn(requestIn(work, { env }), ground);
  assert.deepEqual(plan.env, { PATH: '/bin', TMPDIR: '/tmp' });
  assert.match(plan.args.join(' '), /--setenv LD_PRELOAD \/x\.so --setenv GLIBC_TUNABLES y/);
});

test('a program that is not there is told as a plain start would tell it', (t) => {
  const work = temporaryFolder(t);
  for (const name of ['no-such-program', './no-such', '/no/such', join(work, 'folder')])
    throwsCode('not_found', () => planSpawn(requestIn(work, { argv: [name] }), ground));
});

test('a program named by its path is shown where its folder is hidden', (t) => {
  const work = temporaryFolder(t);
  const own = join(temporaryFolder(t), 'tool');
  writeFileSync(own, '', { mode: 0o755 });
  const { args } = planSpawn(requestIn(work, { argv: [own] }), ground);
  assert.match(args.join(' '), new RegExp(`--ro-bind ${own} ${own}`));
});

const wide = ['/', homedir(), dirname(homedir())].map((path) => realpathSync(path));
for (const root of new Set(wide)) {
  test(`a workspace that is ${root} is refused, since it would show the home folder`, () => {
    const own = { ...ground, homes: [realpathSync(homedir())] };
    const error = throwsCode('sandbox', () => planSpawn(requestIn(root), own));
    assert.match(error.message, /whole machine|home folder/);
    planSpawn(requestIn(root, { mode: 'read-only', cwd: '/usr' }), own);
  });
}

test('a root that is missing, or cannot be, is named', (t) => {
  const work = temporaryFolder(t);
  const error = throwsCode('not_found', () =>
    planSpawn(requestIn(work, { roots: [work, join(work, 'gone')] }), ground),
  );
  assert.match(error.message, /gone/);
  throwsCode('invalid', () => planSpawn(requestIn(work, { roots: [`${work}\0`] }), ground));
  throwsCode('invalid', () => planSpawn(requestIn(work, { argv: ['a\0b'] }), ground));
});

test('a folder that is hidden is no folder to run in', (t) => {
  const hidden = { ...ground, hidden: [temporaryFolder(t)] };
  const [cwd = ''] = hidden.hidden;
  mkdirSync(join(cwd, 'below'));
  const request = requestIn(temporaryFolder(t), { cwd: join(cwd, 'below') });
  const error = throwsCode('sandbox', () => planSpawn(request, hidden));
  assert.match(error.message, /hidden in the sandbox/);
});

test('a bwrap that lies in the workspace is not used', (t) => {
  const work = temporaryFolder(t);
  const own = { ...ground, program: join(work, 'bwrap') };
  throwsCode('sandbox', () => planSpawn(requestIn(work), own));
});

test('links where something is held are refused, and told', (t) => {
  for (const name of ['.git', '.vscode', '.mcp.json']) {
    const work = temporaryFolder(t);
    mkdirSync(join(work, 'elsewhere'));
    symlinkSync('elsewhere', join(work, name));
    const error = throwsCode('sandbox', () => planSpawn(requestIn(work), ground));
    assert.ok(error.message.includes(join(work, name)));
    planSpawn(requestIn(work, { mode: 'read-only' }), ground);
  }
});

test('a workspace by a link is the folder it leads to', (t) => {
  const work = temporaryFolder(t);
  const link = join(temporaryFolder(t), 'link');
  symlinkSync(work, link);
  const plan = planSpawn(requestIn(work, { roots: [link] }), ground);
  assert.deepEqual(plan, planSpawn(requestIn(work), ground));
});

test('state and configuration stay hidden when they lie in the workspace', { skip }, async (t) => {
  const confined = new Confined(t);
  const own = join(confined.work, '.state');
  mkdirSync(own);
  writeFileSync(join(own, 'key'), 'secret');
  const plan = planSpawn(requestIn(confined.work), { ...ground, hidden: [own] });
  assert.ok(plan.args.join(' ').indexOf(confined.work) < plan.args.join(' ').indexOf(own));
});

test(
  'a folder whose name has blanks, newlines and quotes is a workspace like any other',
  { skip },
  async (t) => {
    const confined = new Confined(t);
    const cwd = join(confined.work, ' a\nb "c" \\ d\te ');
    mkdirSync(cwd);
    const ran = await confined.run('echo x > "it" && pwd && git init -q .', { cwd, roots: [cwd] });
    assert.match(ran.output, /a\nb/);
    confined.settle();
    assert.deepEqual(readdirSync(cwd), ['it']);
  },
);

test('nothing is left in the workspace, also when commands overlap', { skip }, async (t) => {
  const confined = new Confined(t);
  const first = await confined.start('read -r line; ls -A', { stdin: true });
  const second = await confined.run('echo x > made; echo "{}" > .mcp.json; mkdir .vscode/x');
  assert.match(second.output, /\.mcp\.json: Is a directory/);
  confined.settle();
  assert.ok(existsSync(join(confined.work, '.mcp.json')), 'the first command still needs it');
  await first.write('\n');
  await first.exited;
  confined.settle();
  assert.deepEqual(readdirSync(confined.work), ['made']);
});

test('what somebody has put there meanwhile stays', { skip }, async (t) => {
  const confined = new Confined(t);
  const child = await confined.start('echo ready; read -r line', { stdin: true });
  await child.prints('ready');
  writeFileSync(join(confined.work, '.vscode/settings.json'), '{}');
  child.end();
  await child.exited;
  confined.settle();
  assert.deepEqual(readdirSync(confined.work), ['.vscode']);
});

test('what a cut-off sandbox has left is cleaned up by the next', { skip }, async (t) => {
  const confined = new Confined(t);
  for (const name of ['.git', '.mcp.json', '.vscode']) mkdirSync(join(confined.work, name));
  const ran = await confined.run('git init -q . || echo refused');
  assert.match(ran.output, /refused/);
  confined.settle();
  assert.deepEqual(readdirSync(confined.work), []);
});

test('the schema takes what the options say, and nothing else', async () => {
  const schema = await options();
  const all = { program: '/x', homeFolders: ['a/b'], held: ['c'], unixSockets: true, ptrace: true };
  assert.deepEqual(schema.parse({ ...all, tmpBytes: 1, processes: 400, memoryBytes: 5 }), {
    ...all,
    tmpBytes: 1,
    processes: 400,
    memoryBytes: 5,
  });
  for (const wrong of [{ homeFolders: ['../x'] }, { held: ['/x'] }, { program: 'x' }, { x: 1 }])
    assert.throws(() => schema.parse(wrong));
});

function throwsCode(code: string, act: () => unknown): KernelError {
  let thrown: unknown;
  assert.throws(act, (error) => {
    thrown = error;
    return true;
  });
  const error = thrown as KernelError; // the next line finds out
  assert.equal(error.code, code, String(thrown));
  return error;
}
