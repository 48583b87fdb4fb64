/** What differs on a terminal. util-linux's `script` gives the program one; where there is none, nothing is tested. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { test } from 'node:test';

import { ended } from '../fixtures/front-ends/run.ts';
import { binary, makeE2e, type E2e } from './place.ts';

/** Gives a program a terminal. */
const terminal: string = 'script';
const hasTerminal =
  process.platform === 'linux' && spawnSync(terminal, ['--version']).error === undefined;
const skip = hasTerminal ? false : 'there is no script(1) to make a terminal';

/** Both streams come out of the terminal as one. */
async function onTerminal(place: E2e, command: string, env: Readonly<Record<string, string>> = {}) {
  const line = `'${process.execPath}' '${binary}' ${command}`;
  const child = spawn(terminal, ['--quiet', '--return', '--command', line, '/dev/null'], {
    cwd: place.cwd,
    env: { ...place.env, TERM: 'xterm', SHELL: '/bin/sh', ...env },
  });
  const { code, stdout } = await ended(child);
  return { code, text: stdout.replaceAll('\r\n', '\n') };
}

test('a terminal is not waited for: without a prompt it is a usage error', { skip }, async (t) => {
  const place = await makeE2e(t, { answers: [] });
  const { code, text } = await onTerminal(place, 'exec');
  assert.equal(code, 2);
  assert.match(text, /expected a prompt: spindle exec "what to do", or a text on stdin/);
});

test('a terminal gets colours, unless NO_COLOR or TERM=dumb say no', { skip }, async (t) => {
  const answers = [{ text: 'Hello.', times: 3 }];
  const place = await makeE2e(t, { answers });
  assert.ok((await onTerminal(place, 'exec hi')).text.includes('\u001b[2m1 step'));
  for (const [name, value] of [
    ['NO_COLOR', '1'],
    ['TERM', 'dumb'],
  ] as const) {
    const { code, text } = await onTerminal(place, 'exec hi', { [name]: value });
    assert.equal(code, 0);
    assert.match(text, /Hello\./);
    assert.ok(!text.includes('\u001b'), JSON.stringify(text));
  }
});

test('what a model says cannot drive the terminal', { skip }, async (t) => {
  const place = await makeE2e(t, { answers: [{ text: 'a\u001b]0;title\u0007b\u202ec' }] });
  const { text } = await onTerminal(place, 'exec hi');
  assert.match(text, /a\\u001b\]0;title\\u0007b\\u202ec/);
});
