/** SessionStart and SessionEnd, UserPromptSubmit, Stop, compaction, and hooks that fail: through the kernel. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { createKernel, textOf } from '../../../core/index.ts';
import hooks from '../../../plugins/hooks/hooks.ts';
import { matching, openHooked, only, resultText, saying, script } from './hooked-thread.ts';

const note = [{ calls: [{ name: 'note', args: {} }] }];

test('SessionStart runs once for a thread; what it prints reaches the model before the prompt', async (t) => {
  const SessionStart = [...script('record.sh'), ...script('say.sh', 'the build is red')];
  const { say, heard } = await openHooked(t, { events: { SessionStart } });
  const items = await say('hello');
  const types = items.map(({ type }) => type);
  assert.equal(only(items, 'fragment')[0]?.text, 'the build is red');
  assert.ok(types.indexOf('fragment') < types.indexOf('user'));
  await say('again');
  assert.deepEqual(
    heard().map(({ source }) => source),
    ['startup'],
  );
});

test('a thread that was there before is told as resumed', async (t) => {
  const { say, client, id, heard } = await openHooked(t, {
    events: { SessionStart: script('record.sh') },
  });
  await say('hello');
  const fork = await client.request('thread/fork', { thread: id, ephemeral: true });
  using events = client.subscribe({ thread: fork.id, after: fork.last });
  await client.request('turn/start', { thread: fork.id, input: [{ type: 'text', text: 'on' }] });
  for await (const event of events)
    if (event.type === 'item/appended' && event.item.type === 'end') break;
  assert.deepEqual(
    heard().map(({ source }) => source),
    ['startup', 'resume'],
  );
});

test('SessionStart cannot refuse by exit code 2, as in Claude Code, but by continue: false and onFailure', async (t) => {
  for (const [SessionStart, status] of [
    [script('refuse.sh', 'no'), 'completed'],
    [script('refuse.sh', 'no', { onFailure: 'block' }), 'failed'],
    [saying({ continue: false, stopReason: 'no' }), 'failed'],
  ] as const) {
    const { say } = await openHooked(t, { events: { SessionStart } });
    assert.equal(only(await say('hello'), 'end')[0]?.status, status);
  }
});

test('SessionEnd runs when a thread closes, and the kernel waits for it', async (t) => {
  const { say, heard, kernel } = await openHooked(t, {
    events: { SessionEnd: script('record.sh') },
  });
  await say('hello');
  assert.deepEqual(heard(), []);
  await kernel[Symbol.asyncDispose]();
  assert.deepEqual(
    heard().map(({ hook_event_name, reason }) => [hook_event_name, reason]),
    [['SessionEnd', 'other']],
  );
});

test('UserPromptSubmit is told the prompt; what it prints is added', async (t) => {
  const UserPromptSubmit = [...script('record.sh'), ...script('say.sh', 'today is Monday')];
  const { say, heard } = await openHooked(t, { events: { UserPromptSubmit } });
  const items = await say('what day is it?');
  assert.equal(heard()[0]?.['prompt'], 'what day is it?');
  assert.equal(only(items, 'fragment')[0]?.text, 'today is Monday');
});

test('a blocked prompt fails its turn with the reason; nothing of it is kept for the model', async (t) => {
  for (const block of [
    script('refuse.sh', 'a secret is in it'),
    saying({ decision: 'block', reason: 'a secret is in it' }),
  ]) {
    const { say } = await openHooked(t, { events: { UserPromptSubmit: block } });
    const items = await say('my key is 123');
    const [end] = only(items, 'end');
    assert.equal(end?.status, 'failed');
    assert.equal(end.error?.code, 'denied');
    assert.match(end.error.message, /UserPromptSubmit hook blocked this: a secret is in it/);
    assert.deepEqual([only(items, 'user'), only(items, 'step')], [[], []]);
  }
});

test('a Stop hook sends the model on, with its reason, and is told that it did', async (t) => {
  const Stop = [...script('once-more.sh'), ...script('record.sh')];
  const { say, heard } = await openHooked(t, {
    events: { Stop },
    steps: [{ text: 'One.' }, { text: 'Two.' }],
  });
  const items = await say('count');
  assert.deepEqual(
    only(items, 'assistant').map(({ text }) => text),
    ['One.', 'Two.'],
  );
  const said = only(items, 'user').map(({ content }) => textOf(content));
  assert.deepEqual(said, ['count', 'A Stop hook, not the user, says: run the tests first']);
  assert.deepEqual(
    heard().map(({ stop_hook_active, last_assistant_message }) => [
      stop_hook_active,
      last_assistant_message,
    ]),
    [
      [false, 'One.'],
      [true, 'Two.'],
    ],
  );
});

test('a Stop hook that never lets go is passed over after eight times', async (t) => {
  const { say } = await openHooked(t, { events: { Stop: script('refuse.sh', 'more') } });
  const items = await say('go');
  assert.equal(only(items, 'assistant').length, 9);
  assert.equal(only(items, 'end')[0]?.status, 'completed');
});

test('a sub-agent stops by SubagentStop, not by Stop', async (t) => {
  const { client, id, heard } = await openHooked(t, {
    events: { Stop: script('record.sh'), SubagentStop: script('record.sh') },
  });
  const child = await client.request('thread/start', { ephemeral: true, parent: { thread: id } });
  using events = client.subscribe({ thread: child.id });
  await client.request('turn/start', { thread: child.id, input: [{ type: 'text', text: 'go' }] });
  for await (const event of events)
    if (event.type === 'item/appended' && event.item.type === 'end') break;
  assert.deepEqual(
    heard().map(({ hook_event_name, agent_id }) => [hook_event_name, agent_id]),
    [['SubagentStop', child.id]],
  );
});

test('PreCompact, PostCompact and SessionStart are told of a compaction; what is known anew reaches the model', async (t) => {
  const record = script('record.sh');
  const { say, client, id, heard } = await openHooked(t, {
    events: {
      PreCompact: matching('manual', record),
      PostCompact: record,
      SessionStart: [
        ...matching('compact', record),
        ...matching('compact', script('say.sh', 'still red')),
      ],
    },
  });
  for (let turn = 0; turn < 4; turn++)
    await say(`a long story ${turn} ${'and so on '.repeat(500)}`);
  await client.request('thread/compact', { thread: id, remark: 'keep the end' });
  assert.deepEqual(
    heard().map(({ hook_event_name, trigger, custom_instructions, source }) => [
      hook_event_name,
      trigger ?? source,
      custom_instructions,
    ]),
    [
      ['PreCompact', 'manual', 'keep the end'],
      ['PostCompact', 'manual', undefined],
      ['SessionStart', 'compact', undefined],
    ],
  );
  const { items } = await client.request('thread/read', { thread: id });
  assert.equal(only(items, 'fragment').at(-1)?.text, 'still red');
});

test('a PreCompact hook can keep a compaction that the user asked for from happening', async (t) => {
  const { say, client, id } = await openHooked(t, {
    events: { PreCompact: script('refuse.sh', 'no') },
  });
  for (let turn = 0; turn < 4; turn++)
    await say(`a long story ${turn} ${'and so on '.repeat(500)}`);
  await assert.rejects(client.request('thread/compact', { thread: id }), { code: 'model_context' });
  const { items } = await client.request('thread/read', { thread: id });
  assert.deepEqual(only(items, 'window'), []);
});

for (const [name, pattern, argument, timeout] of [
  ['fail.sh', /failed: exit code 3: out of order/, ''],
  ['hang.sh', /failed: it took longer than 0.2 s/, '', 0.2],
  ['say.sh', /failed: its answer begins as JSON, but is none/, '{no'],
  ['say.sh', /failed: expected a decision of allow, ask, deny or block/, '{"decision":"perhaps"}'],
  [
    'say.sh',
    /failed: expected hookSpecificOutput for PreToolUse/,
    '{"hookSpecificOutput":{"hookEventName":"Stop"}}',
  ],
  ['missing.sh', /failed: exit code 127: .*missing\.sh/s, ''],
] as const) {
  test(`${name} ${argument} ${timeout ?? ''}: its failure is a notice, or blocks when the config says so`, async (t) => {
    const more = timeout === undefined ? {} : { timeout };
    const open = await openHooked(t, {
      events: { PreToolUse: script(name, argument, more) },
      steps: note,
    });
    const items = await open.say('go');
    assert.equal(open.noted.length, 1);
    const notices = only(items, 'notice').map(({ message }) => message);
    assert.match(notices.join('\n'), pattern);
    const closed = await openHooked(t, {
      events: { PreToolUse: script(name, argument, { ...more, onFailure: 'block' }) },
      steps: note,
    });
    assert.match(resultText(await closed.say('go')), pattern);
    assert.deepEqual(closed.noted, []);
  });
}

test('a hook that reads nothing of a long input is no failure', async (t) => {
  const { say, noted } = await openHooked(t, {
    events: { PreToolUse: script('deaf.sh', '', { onFailure: 'block' }) },
    steps: [{ calls: [{ name: 'note', args: { text: 'x'.repeat(300_000) } }] }],
  });
  await say('go');
  assert.equal(noted.length, 1);
});

test('a hook that the gate refuses has failed', async (t) => {
  const { say, noted } = await openHooked(t, {
    events: { PreToolUse: script('record.sh', '', { onFailure: 'block' }) },
    steps: note,
    judge: ({ origin }) => {
      const verdict = origin.kind === 'hook' ? 'deny' : 'allow';
      return { verdict, reason: 'no hooks here', rule: 'none' };
    },
  });
  assert.match(resultText(await say('go')), /denied: no hooks here/);
  assert.deepEqual(noted, []);
});

test('every run of a hook is an effect of a hook, with its decision in the thread', async (t) => {
  const { say } = await openHooked(t, { events: { Stop: script('record.sh') } });
  const decisions = only(await say('go'), 'decision');
  assert.deepEqual(
    decisions.map(({ origin, effect: { kind } }) => [origin.kind, kind]),
    [
      ['hook', 'spawn'],
      ['hook', 'input'],
    ],
  );
});

test('an interrupt ends a hook that hangs, and the turn, within a second', async (t) => {
  const { client, id, cwd } = await openHooked(t, {
    events: {
      PreToolUse: [{ hooks: [{ type: 'command', command: 'touch began; exec sleep 600' }] }],
    },
    steps: note,
  });
  const began = new AbortController();
  const watcher = watch(cwd, () => existsSync(join(cwd, 'began')) && began.abort());
  await client.request('turn/start', { thread: id, input: [{ type: 'text', text: 'go' }] });
  if (!began.signal.aborted) await once(began.signal, 'abort');
  watcher.close();
  const started = performance.now();
  await client.request('turn/interrupt', { thread: id });
  assert.ok(performance.now() - started < 1000);
  const { items } = await client.request('thread/read', { thread: id });
  assert.equal(only(items, 'end')[0]?.status, 'interrupted');
});

test('a matcher that is no regular expression stops the start, naming it', async () => {
  const plugin = hooks({ events: { PreToolUse: [{ matcher: 'a(', hooks: [] }] } });
  await assert.rejects(createKernel({ plugins: [{ plugin }] }), {
    message: /hooks: expected a matcher .*"a\("/,
  });
});
