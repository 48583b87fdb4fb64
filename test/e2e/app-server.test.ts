/** The app server as a client sees it that knows only the wire: the real binary over stdio. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { connectClient } from '../fixtures/front-ends/app-client.ts';
import { makeE2e, unconfined } from './place.ts';

const say = (text: string) => [{ type: 'text' as const, text }];

const patch = `*** Begin Patch
*** Add File: made.txt
+one
+two
*** Update File: here.txt
@@
-old
+new
*** End Patch`;

test('a client runs a turn with reasoning, an approved command and an approved patch, told in order', async (t) => {
  const { start, cwd } = await makeE2e(t, {
    files: { 'here.txt': 'old\n' },
    answers: [
      {
        parts: [
          { reasoning: 'I look first.' },
          { text: 'Let me look.', phase: 'commentary' },
          { call: 'shell', args: { command: 'echo seen it; touch x' }, id: 'call_1' },
        ],
        usage: { input: 100, cached: 20, output: 30, reasoning: 10 },
      },
      { parts: [{ call: 'apply_patch', args: { patch }, id: 'call_2' }] },
      { parts: [{ text: 'All done.', phase: 'final_answer' }] },
    ],
  });
  const client = await connectClient(
    t,
    start('app-server', ...unconfined, '--approval', 'untrusted'),
  );
  client.answers['item/commandExecution/requestApproval'] = ({ command }) => {
    assert.match(String(command), /echo seen/u);
    return { decision: 'accept' };
  };
  client.answers['item/fileChange/requestApproval'] = () => ({ decision: 'accept' });
  const { thread, cwd: folder } = await client.request('thread/start', { cwd });
  assert.equal(folder, cwd);
  await client.until('thread/started');
  client.forget();
  const { turn } = await client.request('turn/start', { threadId: thread.id, input: say('go') });
  const done = await client.until('turn/completed');
  assert.equal(done.turn.id, turn.id);
  assert.equal(done.turn.status, 'completed');
  assert.equal(readFileSync(join(cwd, 'made.txt'), 'utf8'), 'one\ntwo\n');
  assert.equal(readFileSync(join(cwd, 'here.txt'), 'utf8'), 'new\n');
  // Deltas come as the kernel has them ready: of what is said at once there may be none.
  const shown = client.log
    .map((line) => line.replace(/^notification /u, ''))
    .filter((line) => !/[dD]elta$/u.test(line))
    .filter((line, index, all) => line !== all[index - 1]);
  assert.deepEqual(shown, [
    'answer turn/start',
    'thread/status/changed',
    'turn/started',
    'item/started',
    'item/completed',
    'item/started',
    'item/reasoning/summaryPartAdded',
    'item/completed',
    'item/started',
    'item/completed',
    'thread/tokenUsage/updated',
    'thread/status/changed',
    'item/started',
    'question item/commandExecution/requestApproval',
    'serverRequest/resolved',
    'thread/status/changed',
    'item/completed',
    'thread/tokenUsage/updated',
    'item/started',
    'thread/status/changed',
    'question item/fileChange/requestApproval',
    'serverRequest/resolved',
    'thread/status/changed',
    'item/completed',
    'turn/diff/updated',
    'item/started',
    'item/completed',
    'thread/tokenUsage/updated',
    'thread/status/changed',
    'turn/completed',
  ]);
});

test('an approval shows exactly what will run, also what goes to a running process; a remark beside a no reaches the model', async (t) => {
  const changed = JSON.stringify({
    hookSpecificOutput: {
      hookEventName: 'PreToolUse',
      updatedInput: { command: "echo '\u202Eelif'; read x; echo got $x", stdin: true, yield_ms: 1 },
    },
  });
  const hook = { type: 'command', command: `printf %s '${changed.replaceAll("'", `'\\''`)}'` };
  const input = 'rm all\u2066\n';
  const { start, cwd, server } = await makeE2e(t, {
    config: { hooks: { PreToolUse: [{ matcher: 'shell', hooks: [hook] }] } },
    answers: [
      { parts: [{ call: 'shell', args: { command: 'ls' }, id: 'call_1' }] },
      { parts: [{ call: 'shell_input', args: { process: 'p2', input }, id: 'call_2' }] },
      { text: 'Done.' },
    ],
  });
  const client = await connectClient(
    t,
    start('app-server', ...unconfined, '--approval', 'untrusted'),
  );
  const asked: { command: string | null; kind: string; reason: string | null }[] = [];
  client.answers['item/commandExecution/requestApproval'] = ({ command, kind, reason }) => {
    if (`${command} ${reason}`.includes('printf')) return { decision: 'accept' }; // the hook itself
    asked.push({ command, kind, reason });
    if (kind === 'command') return { decision: 'accept' };
    return { decision: 'decline', remark: 'write nothing' };
  };
  const { thread } = await client.request('thread/start', { cwd });
  await client.request('turn/start', { threadId: thread.id, input: say('go') });
  await client.until('turn/completed');
  const command = String.raw`echo '\u{202e}elif'; read x; echo got $x`;
  const line = `bash -c '${command.replaceAll("'", String.raw`'\''`)}'`;
  assert.deepEqual(
    asked.map((one) => [one.kind, one.command]),
    [
      ['command', line],
      ['writeStdin', `${String.raw`rm all\u{2066}`}\n`],
    ],
  );
  assert.ok(asked[1]?.reason?.startsWith(`it is input to ${command}: `), asked[1]?.reason ?? '');
  assert.match(JSON.stringify(server.requests.at(-1)?.body), /denied: write nothing/);
});
