/** No process outlives its command, and none takes more than its share. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { Confined, has, whyNot } from '../../fixtures/sandboxes/bubblewrap.ts';

const skip = await whyNot();
const skipPython = skip || (!has('python3') && 'there is no python3');

/** Makes a fifo, which tells of processes that nobody can ask any more: `gone` resolves when nobody has it open. */
function fifoIn(folder: string) {
  const path = join(folder, 'alive');
  execFileSync('mkfifo', [path]);
  const gone = async () => {
    const writer = openSync(path, 'r+'); // so that opening it for reading waits for nobody
    await using reader = await open(path, 'r');
    closeSync(writer);
    await reader.readFile();
  };
  return { gone };
}

const stubborn = `trap '' TERM INT HUP; exec 9<> alive; echo ready; while :; do sleep 1; done`;

test('what a command leaves running ends with it', { skip }, async (t) => {
  const confined = new Confined(t);
  const { gone } = fifoIn(confined.work);
  const child = await confined.start(`(setsid bash -c "${stubborn}" &); read -r line`, {
    stdin: true,
  });
  await child.prints('ready');
  child.end();
  await child.exited;
  await gone();
});

test('a time limit ends all of a command, whatever it does about signals', { skip }, async (t) => {
  const confined = new Confined(t);
  const { gone } = fifoIn(confined.work);
  const script = `(setsid bash -c "${stubborn}" &); ${stubborn}`;
  const ran = await confined.run(script, { timeoutMs: 300 });
  assert.equal(ran.timedOut, true);
  await gone();
});

test('a command is ended softly first: it can say goodbye', { skip }, async (t) => {
  const confined = new Confined(t);
  const child = await confined.start(
    'trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.05; done',
  );
  await child.prints('ready');
  child.kill('SIGTERM');
  const { code } = await child.exited;
  // Bash may say "Terminated" of its own sleep, before or after.
  assert.equal(child.printed().replace('Terminated\n', ''), 'ready\nbye\n');
  assert.equal(code, 3);
});

test('an interrupt reaches the command, not its sandbox', { skip }, async (t) => {
  const confined = new Confined(t);
  const child = await confined.start(
    'trap "echo again" INT; echo ready; read -r line; echo "$line"',
    {
      stdin: true,
    },
  );
  await child.prints('ready');
  child.kill('SIGINT');
  await child.prints('again');
  await child.write('on\n');
  await child.exited;
  assert.match(child.printed(), /on\n$/);
});

test('kill −9 of the launcher ends what it had started', { skip }, async (t) => {
  const confined = new Confined(t);
  const { gone } = fifoIn(confined.work);
  const launcher = join(import.meta.dirname, '../../fixtures/sandboxes/launcher.ts');
  const script = `(setsid bash -c "${stubborn}" &); ${stubborn}`;
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const child = spawn(process.execPath, [launcher, confined.work, script], { stdio: [...stdio] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await gone();
});

test('a command that is ended while its sandbox is being made is gone too', { skip }, async (t) => {
  const confined = new Confined(t);
  const { gone } = fifoIn(confined.work);
  for (let rounds = 0; rounds < 40; rounds++) {
    const child = await confined.start('exec 9<> alive; sleep 60');
    for (let round = 0; round < rounds * 4; round++) await setImmediate();
    child.kill();
    await child.exited;
  }
  await gone();
});

test('a fork bomb stops at the limit, and with its time', { skip: skipPython }, async (t) => {
  const confined = new Confined(t, { processes: 400 });
  const bomb = `
import os, time
count = 0
try:
    while count < 5000:
        if os.fork() == 0: time.sleep(60); os._exit(0)
        count += 1
except OSError:
    print('refused', count)`;
  const limited = (await (await confined.sandbox).probe()).reasons.every(
    (one) => !/not limited/.test(one),
  );
  const ran = await confined.run(`python3 -c "${bomb}"`, { timeoutMs: 20_000 });
  if (!limited) return t.skip('NOT TESTED: the number of processes cannot be limited here');
  const count = Number(/^refused (\d+)$/m.exec(ran.output)?.[1]);
  assert.ok(count > 100 && count <= 400, ran.output);
  const { gone } = fifoIn(confined.work);
  const script = 'exec 9<> alive; f() { f | f & }; f; sleep 100';
  assert.equal((await confined.run(script, { timeoutMs: 500 })).timedOut, true);
  await gone();
});

test('a process gets no more memory than it may', { skip: skipPython }, async (t) => {
  const confined = new Confined(t, { memoryBytes: 256 * 2 ** 20 });
  const ran = await confined.run(`python3 -c "x = bytearray(2**29)"`);
  assert.match(ran.output, /MemoryError/);
  assert.match((await confined.run(`python3 -c "print(len(bytearray(2**20)))"`)).output, /1048576/);
});

test('no folder of its own can be filled beyond its size', { skip }, async (t) => {
  const confined = new Confined(t, { tmpBytes: 2 ** 20 });
  const places = ['/tmp', '/var/tmp', '/dev/shm', '/dev', '/run', '/home', '"$HOME"', '/'];
  for (const place of places) {
    const fill = `exec 2>/dev/null; head -c 20000000 /dev/zero > ${place}/big; wc -c < ${place}/big || echo 0`;
    const { output } = await confined.run(fill);
    assert.ok(Number(output) <= 2 ** 20, `${place}: ${output}`);
  }
});

test('limits cannot be raised', { skip }, async (t) => {
  const confined = new Confined(t, { memoryBytes: 256 * 2 ** 20 });
  const ran = await confined.run(
    'exec 2>&1; ulimit -d unlimited; ulimit -Hd; echo 32768 > /proc/sys/kernel/pid_max',
  );
  assert.match(ran.output, /cannot modify limit[\s\S]*262144[\s\S]*(Read-only|Permission)/);
});
