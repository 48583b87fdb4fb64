/** What the local machine does beside starting a program. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

import { Leftovers } from '../../../plugins/machines/local/leftovers.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

test('what is left goes with the last process that needs it', (t) => {
  const folder = temporaryFolder(t);
  const [file, empty] = [join(folder, 'file'), join(folder, 'empty')];
  const leftovers = new Leftovers();
  const [one, two] = [leftovers.add([file, empty]), leftovers.add([file, empty])];
  writeFileSync(file, '');
  mkdirSync(empty);
  one[Symbol.dispose]();
  leftovers[Symbol.dispose]();
  assert.deepEqual(readdirSync(folder), ['empty', 'file']);
  two[Symbol.dispose]();
  assert.deepEqual(readdirSync(folder), ['empty'], 'a folder waits for the next process');
  leftovers[Symbol.dispose]();
  assert.deepEqual(readdirSync(folder), []);
});

test('a folder that the next process needs stays for it, and one that is no longer empty for good', (t) => {
  const folder = temporaryFolder(t);
  const [used, filled] = [join(folder, 'used'), join(folder, 'filled')];
  mkdirSync(used);
  mkdirSync(filled);
  const leftovers = new Leftovers();
  leftovers.add([used, filled])[Symbol.dispose]();
  writeFileSync(join(filled, 'x'), '');
  const next = leftovers.add([used]);
  leftovers[Symbol.dispose]();
  assert.deepEqual(readdirSync(folder), ['filled', 'used']);
  next[Symbol.dispose]();
  leftovers[Symbol.dispose]();
  assert.deepEqual(readdirSync(folder), ['filled']);
});

test('a folder is gone a moment after its last process, without being asked for', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'empty'));
  const leftovers = new Leftovers();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  leftovers.add([join(folder, 'empty')])[Symbol.dispose]();
  t.mock.timers.tick(1000);
  assert.deepEqual(readdirSync(folder), []);
});

test(
  'a file that was open when the program was started is not passed on',
  { skip: process.platform !== 'linux' && 'it takes /proc' },
  async (t) => {
    const modules = join(import.meta.dirname, '../../../plugins/machines/local');
    const program = `
      import { startProcess } from '${modules}/process.ts';
      import { Leftovers } from '${modules}/leftovers.ts';
      import { Inherited } from '${modules}/inherited.ts';
      using inherited = new Inherited();
      const shared = { leftovers: new Leftovers(), inherited };
      const argv = ['sh', '-c', 'readlink /proc/$$/fd/40'];
      const plan = { file: argv[0], args: argv.slice(1), cwd: '/', env: { PATH: process.env.PATH } };
      const child = await startProcess(plan, { argv, onOutput: (chunk) => process.stdout.write(chunk) }, shared);
      await child.exited;`;
    // Node itself keeps the first few from what it starts, and none after a gap.
    const args = ['-c', 'exec "$0" --input-type=module -e "$1" 40</etc', process.execPath, program];
    const child = spawn('bash', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    const [shown] = await Promise.all([text(child.stdout), once(child, 'close')]);
    assert.equal(shown, '/dev/null\n');
  },
);
