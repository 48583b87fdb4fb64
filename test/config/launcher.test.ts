import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';

const source = join(import.meta.dirname, '../../config/spindle.cjs');

/** An installed package: the launcher with a built program beside it. */
function install(t: TestContext, program: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'spindle-launcher-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'dist'));
  copyFileSync(source, join(folder, 'dist/spindle.cjs'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'dist/main.js'), program);
  writeFileSync(
    join(folder, 'old.cjs'),
    "Object.defineProperty(process.versions, 'node', { value: '20.20.2' });",
  );
  return folder;
}

/** Puts the running Node where npm would put a package that carries one. */
function addNode(folder: string, name: string, version: string): void {
  const at = join(folder, 'node_modules', name);
  mkdirSync(join(at, 'bin'), { recursive: true });
  writeFileSync(join(at, 'package.json'), JSON.stringify({ version }));
  symlinkSync(process.execPath, join(at, 'bin/node'));
}

interface Run {
  readonly child: ChildProcess;
  readonly stdout: Promise<string>;
  readonly stderr: Promise<string>;
  readonly ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
}

function start(
  folder: string,
  { onOldNode, args = [] }: { onOldNode: boolean; args?: string[] },
): Run {
  const before = onOldNode ? ['-r', join(folder, 'old.cjs')] : [];
  const child = spawn(process.execPath, [...before, join(folder, 'dist/spindle.cjs'), ...args], {
    env: { ...process.env, SPINDLE_HOME: join(folder, 'home'), NODE_COMPILE_CACHE: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // `once` gives what the event carries, as untyped values.
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  return { child, stdout: text(child.stdout), stderr: text(child.stderr), ended };
}

const ECHO = `export async function main(argv) {
  console.log(JSON.stringify({ pid: process.pid, argv }));
  return 7;
}`;

const WAIT = `export function main() {
  setInterval(() => {}, 1000);
  process.on('SIGTERM', () => process.exit(143));
  console.log('ready');
  return new Promise(() => {});
}`;

test('on a fitting Node the program runs in the process that was started', async (t) => {
  const run = start(install(t, ECHO), { onOldNode: false, args: ['a b', '--c'] });
  assert.deepEqual(JSON.parse(await run.stdout), { pid: run.child.pid, argv: ['a b', '--c'] });
  assert.deepEqual(await run.ended, [7, null]);
});

test('compiled code is cached in a folder that only its owner can enter', async (t) => {
  const folder = install(t, ECHO);
  await start(folder, { onOldNode: false }).ended;
  assert.equal(statSync(join(folder, 'home/cache/code')).mode & 0o777, 0o700);
});

test('on an older Node the Node in node_modules takes over, with arguments and exit code', async (t) => {
  const folder = install(t, ECHO);
  addNode(folder, `node-${process.platform}-${process.arch}`, '24.21.0');
  const run = start(folder, { onOldNode: true, args: ['x'] });
  const { pid, argv } = JSON.parse(await run.stdout);
  assert.notEqual(pid, run.child.pid);
  assert.deepEqual(argv, ['x']);
  assert.deepEqual(await run.ended, [7, null]);
});

for (const [signal, end] of [
  ['SIGTERM', [143, null]],
  ['SIGHUP', [null, 'SIGHUP']],
  ['SIGINT', [null, 'SIGINT']],
] as const) {
  test(`on an older Node ${signal} reaches the program, and its end is the launcher's`, async (t) => {
    const folder = install(t, WAIT);
    addNode(folder, 'node', '24.0.0');
    const { child, ended } = start(folder, { onOldNode: true });
    if (child.stdout) await once(child.stdout, 'data');
    child.kill(signal);
    assert.deepEqual(await ended, end);
  });
}

test('on an older Node without a newer one the message says what to do', async (t) => {
  const folder = install(t, ECHO);
  addNode(folder, 'node', '20.1.0');
  const run = start(folder, { onOldNode: true });
  assert.match(
    await run.stderr,
    /expected Node 24 or newer, but this is Node 20\.20\.2[\s\S]*npm ci/,
  );
  assert.deepEqual(await run.ended, [1, null]);
});
