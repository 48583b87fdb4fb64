import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

import { commandLine } from '../../../../plugins/front-ends/app-server/items/command-line.ts';

test('a command that is plain words is told as it is', () => {
  assert.equal(commandLine('npm test'), 'npm test');
  assert.equal(commandLine('git log -n 3 --format=%h'), 'git log -n 3 --format=%h');
});

test('any other command is told as what bash is given, whose words a POSIX shell splits back into it', () => {
  for (const script of ['ls -la; cat a', "echo 'it is' && x=$(pwd)", 'a\nb', '"', "'"]) {
    const line = commandLine(script);
    const { stdout } = spawnSync('sh', ['-c', String.raw`printf '%s\0' ${line}`]);
    assert.deepEqual(stdout.toString().split('\0'), ['bash', '-c', script, '']);
  }
});
