import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';

import shell from '../../../plugins/tools/shell.ts';
import { openToolThread, textOfResult } from '../../contracts/tool-thread.ts';
import type { ToolThread } from '../../contracts/tool-thread.ts';
import { toolContract } from '../../contracts/tools.ts';

toolContract('shell', {
  plugin: () => shell(),
  valid: { command: 'echo hello' },
  invalid: [
    { args: {}, names: 'command' },
    { args: { command: 'true', timeout_ms: 'soon' }, names: 'timeout_ms' },
    { args: { command: 'true', cwd: 'nowhere' }, names: 'nowhere' },
    { args: { command: 'echo \0' }, names: 'NUL' },
    { args: { command: `: ${'x'.repeat(1_000_000)}` }, names: '1000002 bytes' },
  ],
  endless: { command: 'sleep 1000', timeout_ms: 10_000_000_000 },
});

toolContract('shell_input', {
  plugin: () => shell(),
  before: { name: 'shell', args: { command: 'sleep 1000', yield_ms: 0 } },
  valid: { process: 'p1', wait_ms: 0 },
  invalid: [
    { args: { process: 'p77' }, names: 'p77' },
    { args: { process: 'p1', end: 'never' }, names: 'end' },
  ],
  endless: { process: 'p1', wait_ms: 1_000_000 },
});

const open = (t: TestContext, options = {}) =>
  openToolThread(t, { plugins: [shell()], ...options });

/** A command that runs on as a process, and its id. */
async function leave(thread: ToolThread, command: string, more = {}): Promise<string> {
  const result = await thread.call('shell', { command, yield_ms: 0, ...more });
  const id = result.detail?.['process'];
  assert.ok(typeof id === 'string', `expected a process, got: ${textOfResult(result)}`);
  return id;
}

/** Waits until a process has written something; what it wrote meanwhile, and all it wrote before that was not told. */
async function hear(thread: ToolThread, id: string, wanted: RegExp): Promise<string> {
  let heard = textOfResult((await thread.items()).findLast((item) => item.type === 'result')!);
  while (!wanted.test(heard))
    heard += textOfResult(await thread.call('shell_input', { process: id, wait_ms: 20 }));
  return heard;
}

/** Whether a process runs; one that has ended and waits to be reaped does not. */
const isAlive = (pid: number) => {
  assert.ok(pid > 0, `expected a process id, got ${pid}`);
  const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
  return /^[^Z\s]/u.test(state);
};

test('a result has stdout and stderr in order of arrival, and the exit code at its end', async (t) => {
  const thread = await open(t);
  const command = 'echo one; sleep 0.02; echo two >&2; sleep 0.02; echo three; exit 3';
  const result = await thread.call('shell', { command });
  assert.equal(textOfResult(result), 'one\ntwo\nthree\n[exit code 3]');
  assert.equal(result.isError, false);
  const { durationMs, ...detail } = result.detail ?? {};
  assert.equal(typeof durationMs, 'number');
  assert.deepEqual(detail, {
    command,
    cwd: thread.cwd,
    exitCode: 3,
    signal: null,
    timedOut: false,
    interrupted: false,
  });
});

test('a quick success adds nothing to its output, and silence is said in words', async (t) => {
  const thread = await open(t);
  assert.equal(textOfResult(await thread.call('shell', { command: 'printf a' })), 'a');
  assert.equal(textOfResult(await thread.call('shell', { command: 'true' })), '[no output]');
  assert.equal(textOfResult(await thread.call('shell', { command: 'false' })), '[exit code 1]');
});

test('output is shown while the command runs', async (t) => {
  const thread = await open(t);
  const seen: string[] = [];
  const command = 'echo first; exec tail -f /dev/null';
  const results = await thread.watch([{ name: 'shell', args: { command } }], (event) => {
    if (event.type !== 'item/delta' || event.kind !== 'output') return;
    seen.push(event.text);
    void thread.client.request('turn/interrupt', { thread: thread.id });
  });
  assert.equal(seen.join(''), 'first\n');
  assert.match(textOfResult(results[0]!), /^first\n\[interrupted by the user after /);
  assert.equal(results[0]!.isError, true);
});

test('UTF-8 that is split between chunks stays whole, and what is not UTF-8 becomes U+FFFD', async (t) => {
  const thread = await open(t);
  const split = String.raw`printf '\xe2\x82'; sleep 0.02; printf e >&2; printf '\xac caf\xe9 \xf0\x9f'`;
  assert.equal(textOfResult(await thread.call('shell', { command: split })), 'e€ caf\uFFFD \uFFFD');
});

test('binary output is said in words with its size, NUL between names is shown', async (t) => {
  const thread = await open(t);
  const random = await thread.call('shell', { command: 'head -c 100000 /dev/urandom' });
  assert.match(textOfResult(random), /^\[binary output, 100000 bytes, not shown/);
  const names = await thread.call('shell', {
    command: String.raw`printf 'some/file.txt\0other/file.txt\0'`,
  });
  assert.equal(textOfResult(names), 'some/file.txt␀other/file.txt␀');
});

test('of endless output the beginning and the end are kept, with a note of how much was left out', async (t) => {
  const thread = await open(t);
  const command = 'echo begin; yes 0123456 | head -c 40000000; echo end';
  const result = await thread.call('shell', { command });
  const text = textOfResult(result);
  assert.match(text, /^begin\n0123456\n/);
  assert.match(text, /0123456\nend\n$/);
  assert.ok(result.full !== undefined && result.full.bytes < 2_001_000);
  const whole = await thread.call('shell', { command: 'true' });
  assert.equal(whole.isError, false);
});

test('a command that takes too long is ended with all it started', async (t) => {
  const thread = await open(t);
  const command = 'sleep 1000 & echo $!; wait';
  const result = await thread.call('shell', { command, timeout_ms: 500 });
  const text = textOfResult(result);
  assert.match(text, /\[timed out after \d+ ms and was killed\]$/);
  assert.equal(result.isError, true);
  assert.equal(result.detail?.['timedOut'], true);
  assert.equal(isAlive(Number.parseInt(text, 10)), false);
});

test('a command killed by a signal says which', async (t) => {
  const thread = await open(t);
  const result = await thread.call('shell', { command: 'kill -SEGV $$' });
  assert.match(textOfResult(result), /^\[killed by SIGSEGV after /);
});

test('commands run without a terminal, pager or colour, and read nothing', async (t) => {
  const thread = await open(t);
  const command = 'echo $TERM $NO_COLOR $PAGER $GIT_PAGER; cat';
  assert.equal(textOfResult(await thread.call('shell', { command })), 'dumb 1 cat cat\n');
});

test('bash runs no start-up file, also when its stdin is open', async (t) => {
  const home = { '.bashrc': 'echo bashrc', '.profile': 'echo profile' };
  const thread = await open(t, { files: home });
  const { cwd } = thread;
  const bare = await openToolThread(t, {
    plugins: [shell({ env: { HOME: cwd } })],
    env: { PATH: '/usr/bin:/bin' },
  });
  const result = await bare.call('shell', { command: 'echo "$HOME"', stdin: true });
  assert.equal(textOfResult(result), `${cwd}\n`);
});

test('options replace the shell, add to the environment and set the times', async (t) => {
  const plugin = shell({
    argv: ['/bin/sh', '-ec'],
    env: { GREETING: 'hi', PAGER: 'less' },
    timeoutMs: 60,
  });
  const thread = await openToolThread(t, { plugins: [plugin] });
  const result = await thread.call('shell', {
    command: 'echo $GREETING $PAGER; false; echo not here',
  });
  assert.equal(textOfResult(result), 'hi less\n[exit code 1]');
  assert.match(textOfResult(await thread.call('shell', { command: 'sleep 1000' })), /timed out/);
});

test('without bash the command is given to /bin/sh', async (t) => {
  const thread = await open(t, { env: { PATH: '/nowhere' } });
  assert.equal(textOfResult(await thread.call('shell', { command: 'echo "$0"' })), '/bin/sh\n');
});

test('cwd counts from the thread, and one that is no folder is named', async (t) => {
  const thread = await open(t, { files: { 'sub/file': '' } });
  const inside = await thread.call('shell', { command: 'pwd', cwd: 'sub' });
  assert.equal(textOfResult(inside), `${thread.cwd}/sub\n`);
  const missing = await thread.call('shell', { command: 'pwd', cwd: 'gone' });
  assert.ok(missing.isError && textOfResult(missing).includes(`${thread.cwd}/gone`));
  const file = await thread.call('shell', { command: 'pwd', cwd: 'sub/file' });
  assert.ok(file.isError && textOfResult(file).includes(`${thread.cwd}/sub/file`));
});

test('a command that runs on is written to, answers, and ends', async (t) => {
  const thread = await open(t);
  const command = 'echo ready; while read line; do echo "got $line"; done; echo bye; exit 4';
  const first = await thread.call('shell', { command, yield_ms: 0, stdin: true });
  assert.match(
    textOfResult(first),
    /^(?:ready\n)?\[still running after \d+ ms as process p1: go on with shell_input\]$/,
  );
  assert.equal(first.detail?.['exitCode'], null);
  const second = await thread.call('shell_input', { process: 'p1', input: 'a\n', wait_ms: 0 });
  const shown = textOfResult(first) + textOfResult(second);
  assert.match(shown + (await hear(thread, 'p1', /got a/)), /ready\n.*got a\n/s);
  const third = await thread.call('shell_input', { process: 'p1', input: 'b\n', end: 'stdin' });
  assert.equal(textOfResult(third), 'got b\nbye\n[exit code 4]');
  assert.equal(third.detail?.['exitCode'], 4);
  const fourth = await thread.call('shell_input', { process: 'p1' });
  assert.ok(fourth.isError);
  assert.match(textOfResult(fourth), /got "p1": there is none; start one with shell/);
});

test('a process can be interrupted or killed', async (t) => {
  const thread = await open(t);
  const trapping = 'trap "echo caught; exit 7" INT; echo ready; tail -f /dev/null & wait';
  for (const args of [{ end: 'interrupt' }, { input: '\u0003' }]) {
    const id = await leave(thread, trapping);
    await hear(thread, id, /ready/);
    const result = await thread.call('shell_input', { process: id, ...args });
    assert.match(textOfResult(result), /caught\n\[exit code 7\]$/);
  }
  const id = await leave(thread, 'exec sleep 1000');
  const killed = await thread.call('shell_input', { process: id, end: 'kill' });
  assert.match(textOfResult(killed), /^\[killed by SIGTERM after /);
});

test('the end of a process that nobody waited for is told later', async (t) => {
  const thread = await open(t);
  const id = await leave(thread, 'echo $$ > pid; until test -e go; do sleep 0.01; done; echo done');
  const command =
    'until test -s pid; do sleep 0.01; done; touch go; while kill -0 $(cat pid) 2>/dev/null; do sleep 0.01; done';
  await thread.call('shell', { command });
  const result = await thread.call('shell_input', { process: id });
  assert.equal(textOfResult(result), 'done\n[exit code 0]');
});

test('input for a process without stdin is refused with what to do', async (t) => {
  const thread = await open(t);
  const id = await leave(thread, 'sleep 1000');
  const result = await thread.call('shell_input', { process: id, input: 'x' });
  assert.ok(result.isError);
  assert.match(textOfResult(result), /p1 was started without: start it anew with stdin true/);
});

test('an unknown process is named beside those that run', async (t) => {
  const thread = await open(t);
  const id = await leave(thread, 'sleep 1000');
  const result = await thread.call('shell_input', { process: 'p9' });
  assert.ok(result.isError);
  assert.ok(textOfResult(result).includes(`got "p9": there are: ${id} (sleep 1000)`));
});

test('an interrupted wait leaves the process running, the end of the thread ends it', async (t) => {
  const thread = await open(t);
  const id = await leave(thread, 'echo "pid $$ ok"; exec sleep 1000');
  const pid = Number(/pid (\d+) ok/.exec(await hear(thread, id, /ok/))?.[1]);
  const args = { process: id, wait_ms: 100_000 };
  const results = await thread.watch([{ name: 'shell_input', args }], (event) => {
    if (event.type === 'item/appended' && event.item.type === 'step')
      void thread.client.request('turn/interrupt', { thread: thread.id });
  });
  assert.equal(results[0]!.isError, true);
  assert.equal(isAlive(pid), true);
  await thread.client.request('thread/close', { thread: thread.id });
  assert.equal(isAlive(pid), false);
});
