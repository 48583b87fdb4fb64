import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { test } from 'node:test';
import { heard, join, own, place, serve, token, crash } from './app-server.ts';

const patch = `*** Begin Patch
*** Add File: new.txt
+hello
*** End Patch
`;

test('over stdio a thread lives its whole life: turns, deltas, approvals, diffs, paging, archive', async (t) => {
  const e2e = await place(t, {
    answers: [
      {
        parts: [{ call: 'shell', args: { command: 'echo from-the-shell > made.txt; echo said' } }],
      },
      { parts: [{ call: 'apply_patch', args: { patch } }] },
      { text: 'All is done.' },
    ],
  });
  const client = await join(t, own(e2e));
  const asked: string[] = [];
  client.answer('item/commandExecution/requestApproval', ({ command }) => {
    asked.push(command ?? '');
    return { decision: 'accept' };
  });
  client.answer('item/fileChange/requestApproval', () => ({ decision: 'accept' }));
  const { thread } = await client.request('thread/start', {});
  const seen: string[] = [];
  let said = '';
  for await (const event of client.turn({ threadId: thread.id, input: 'Do it.' })) {
    seen.push(event.method);
    if (event.method === 'item/agentMessage/delta') said += event.params.delta;
    if (event.method === 'turn/completed') assert.equal(event.params.turn.status, 'completed');
  }
  assert.equal(said, 'All is done.');
  assert.match(asked.join('\n'), /from-the-shell/);
  assert.equal(readFileSync(joinPath(e2e.cwd, 'made.txt'), 'utf8'), 'from-the-shell\n');
  assert.equal(readFileSync(joinPath(e2e.cwd, 'new.txt'), 'utf8'), 'hello\n');
  assert.ok(seen.includes('turn/diff/updated'));
  assert.equal(seen[0], 'turn/started');
  const starts = seen.filter((name) => name === 'item/started').length;
  assert.equal(starts, seen.filter((name) => name === 'item/completed').length);
  const { data } = await client.request('thread/list', {});
  assert.deepEqual(
    data.map(({ id }) => id),
    [thread.id],
  );
  await client.request('thread/archive', { threadId: thread.id });
  assert.deepEqual((await client.request('thread/list', {})).data, []);
});

test('two clients of one thread: a late one gets the open question, the first answer wins, both see it resolved', async (t) => {
  const e2e = await place(t, {
    answers: [
      { parts: [{ call: 'shell', args: { command: 'echo once >> log.txt' } }] },
      { text: 'Done.' },
    ],
  });
  const serving = await serve(e2e, 'ws://127.0.0.1:0');
  const [url = ''] = serving.addresses;
  const first = await join(t, { url, token });
  const asked = Promise.withResolvers<AbortSignal>();
  const never = Promise.withResolvers<{ decision: 'decline' }>();
  first.answer('item/commandExecution/requestApproval', (_, signal) => {
    asked.resolve(signal);
    return never.promise;
  });
  const { thread } = await first.request('thread/start', {});
  const threadId = thread.id;
  await first.request('turn/start', { threadId, input: [{ type: 'text', text: 'Do it.' }] });
  const signal = await asked.promise;
  const second = await join(t, { url, token });
  const asksSecond = Promise.withResolvers<void>();
  second.answer('item/commandExecution/requestApproval', () => {
    asksSecond.resolve();
    return { decision: 'accept' };
  });
  const resolved = [
    heard(first, 'serverRequest/resolved'),
    heard(second, 'serverRequest/resolved'),
  ];
  const ended = [heard(first, 'turn/completed'), heard(second, 'turn/completed')];
  await second.request('thread/resume', { threadId });
  await asksSecond.promise;
  await Promise.all([...resolved, ...ended]);
  assert.ok(signal.aborted, 'the first is told that it need not answer');
  assert.equal(readFileSync(joinPath(e2e.cwd, 'log.txt'), 'utf8'), 'once\n');
});

test('a client that dies with an open question leaves it to the next one, and the turn goes on', async (t) => {
  const e2e = await place(t, {
    answers: [{ parts: [{ call: 'shell', args: { command: 'touch x' } }] }, { text: 'Done.' }],
  });
  const socket = joinPath(e2e.cwd, '../s.sock');
  await serve(e2e, `unix://${socket}`);
  const first = await join(t, { socket });
  const asked = Promise.withResolvers<void>();
  first.answer('item/commandExecution/requestApproval', () => {
    asked.resolve();
    return Promise.withResolvers<never>().promise;
  });
  const { thread } = await first.request('thread/start', {});
  const threadId = thread.id;
  await first.request('turn/start', { threadId, input: [{ type: 'text', text: 'Do it.' }] });
  await asked.promise;
  await first[Symbol.asyncDispose]();
  const second = await join(t, { socket });
  second.answer('item/commandExecution/requestApproval', () => ({ decision: 'accept' }));
  const ended = heard(second, 'turn/completed');
  await second.request('thread/resume', { threadId });
  const { turn } = await ended;
  assert.equal(turn.status, 'completed');
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('a server that is killed loses what was in flight alone: its clients come back and are told how the turn ended', async (t) => {
  const e2e = await place(t, {
    config: { sandbox: 'danger-full-access', approval: 'never' },
    answers: [
      { text: 'The first answer.' },
      {
        parts: [
          { text: 'It begins. ', deltas: 1 },
          { call: 'shell', args: { command: 'echo $$ > pid; echo ready; exec sleep 1000' } },
        ],
      },
      { text: 'The third answer.' },
    ],
  });
  const socket = joinPath(e2e.cwd, '../s.sock');
  const serving = await serve(e2e, `unix://${socket}`);
  const states: string[] = [];
  const back = Promise.withResolvers<void>();
  const client = await join(
    t,
    { socket },
    {
      onState: (state) => {
        states.push(state);
        if (state === 'connected' && states.includes('lost')) back.resolve();
      },
    },
  );
  const { thread } = await client.request('thread/start', {});
  const threadId = thread.id;
  for await (const _ of client.turn({ threadId, input: 'One.' }));
  const running = heard(client, 'item/commandExecution/outputDelta');
  await client.request('turn/start', { threadId, input: [{ type: 'text', text: 'Two.' }] });
  await running;
  const pid = Number(readFileSync(joinPath(e2e.cwd, 'pid'), 'utf8'));
  const ended = heard(client, 'turn/completed');
  await crash(serving);
  await serve(e2e, `unix://${socket}`);
  await back.promise;
  const { turn } = await ended;
  assert.equal(turn.status, 'interrupted');
  while (isRunning(pid)) await new Promise(setImmediate);
  assert.deepEqual(states, ['connected', 'lost', 'connected']);
  let said = '';
  for await (const event of client.turn({ threadId, input: 'Three.' }))
    if (event.method === 'item/agentMessage/delta') said += event.params.delta;
  assert.equal(said, 'The third answer.');
  const { thread: whole } = await client.request('thread/read', { threadId, includeTurns: true });
  const statuses = whole.turns.map(({ status }) => status);
  assert.deepEqual(statuses, ['completed', 'interrupted', 'completed']);
});
