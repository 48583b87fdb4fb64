/** A command that the sandbox refused is offered once more outside it, and only then. */

import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';

import type { Answer } from '../../../core/index.ts';
import approval from '../../../plugins/policies/approval.ts';
import bubblewrap from '../../../plugins/sandboxes/bubblewrap.ts';
import shell from '../../../plugins/tools/shell.ts';
import { refusalIn } from '../../../plugins/tools/run/refused.ts';
import { openToolThread, textOfResult } from '../../contracts/tool-thread.ts';
import { whyNot } from '../../fixtures/sandboxes/bubblewrap.ts';

const skip = await whyNot();
/** It needs a Unix socket, which the sandbox refuses. */
const command = `node -e "const s = require('net').createServer().listen('s', () => { console.log('listening'); s.close(); })"`;

async function open(t: TestContext, answer?: Answer) {
  const asked: unknown[] = [];
  const thread = await openToolThread(t, {
    plugins: [bubblewrap(), approval(), shell()],
    policy: () => undefined,
    settings: { sandbox: 'workspace-write', approval: 'on-request' },
    env: { PATH: process.env['PATH'] ?? '' },
    ...(answer === undefined
      ? {}
      : {
          answer: ({ question }) => {
            asked.push(question.kind === 'approval/ask' && question.effect);
            return answer;
          },
        }),
  });
  const run = async (args: object) => textOfResult(await thread.call('shell', args));
  return { asked, run, thread };
}

suite('a command that the sandbox refused', () => {
  test(
    'is told which switch would allow it, and runs outside once when the user says so',
    { skip },
    async (t) => {
      const { asked, run, thread } = await open(t, { decision: 'once' });
      const first = await run({ command });
      assert.match(
        first,
        /EPERM[\s\S]*the sandbox may have refused this: Unix sockets are off \(plugins\.bubblewrap\.options\.unixSockets: true\)/,
      );
      assert.deepEqual(asked, []);
      assert.match(await run({ command, outside: 'it tests a server' }), /listening/);
      assert.deepEqual(asked, [
        {
          kind: 'spawn',
          argv: ['bash', '-c', command],
          cwd: thread.cwd,
          confined: 'none',
          network: true,
        },
      ]);
      assert.match(
        await run({ command, outside: 'again' }),
        /has just refused: run it without first/,
      );
      assert.equal(asked.length, 1);
    },
  );

  test('is not run outside when the user says no', { skip }, async (t) => {
    const { run } = await open(t, { decision: 'deny', remark: 'use loopback' });
    await run({ command });
    assert.match(await run({ command, outside: 'please' }), /denied: use loopback/);
  });

  test('is denied where nobody is, with the rule that would allow it', { skip }, async (t) => {
    const { run } = await open(t);
    await run({ command });
    assert.match(
      await run({ command, outside: 'please' }),
      /runs outside the sandbox \(allowed by a rule for it with "confined": false, or --sandbox danger-full-access\), and nobody is there to ask/,
    );
  });

  test(
    'must have been refused: no command begins outside, and none that succeeds is offered',
    { skip },
    async (t) => {
      const { asked, run } = await open(t, { decision: 'once' });
      assert.match(
        await run({ command: 'echo hi', outside: 'I like it' }),
        /expected "outside" only for a command/,
      );
      await run({ command: 'echo "Read-only file system"' });
      assert.match(
        await run({ command: 'echo "Read-only file system"', outside: 'x' }),
        /expected "outside" only/,
      );
      assert.deepEqual(asked, []);
    },
  );

  test('is recognized by what programs print', () => {
    const said: readonly (readonly [string, RegExp])[] = [
      ['curl: (6) Could not resolve host: example.com', /network is off/],
      ['npm error code EAI_AGAIN', /network is off/],
      ['touch: cannot touch x: Read-only file system', /--add-dir/],
      [
        'strace: PTRACE_TRACEME: Operation not permitted\nptrace: Operation not permitted',
        /ptrace: true/,
      ],
      ['Error: listen EPERM: operation not permitted /x/y.sock', /unixSockets: true/],
      [
        '  File "/usr/lib/python3.11/socket.py", line 232, in __init__\n    _socket.socket.__init__(self, family)\nPermissionError: [Errno 1] Operation not permitted',
        /unixSockets: true/,
      ],
      ['Cannot connect to the Docker daemon: Operation not permitted', /unixSockets: true/],
    ];
    for (const [text, why] of said) assert.match(refusalIn(text) ?? 'nothing', why, text);
    assert.equal(refusalIn('assertion failed: expected 1, got 2'), undefined);
  });
});
