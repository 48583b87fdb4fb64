/** PreToolUse, PostToolUse and PermissionRequest, through the kernel with real scripts. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';

import { matching, openHooked, only, resultText, saying, script } from './hooked-thread.ts';

const note = (args: object = { text: 'x' }) => [{ calls: [{ name: 'note', args }] }];
const permission = (permissionDecision: string, more: object = {}) =>
  saying({
    hookSpecificOutput: {
      hookEventName: 'PreToolUse',
      permissionDecision,
      permissionDecisionReason: 'paper is dear',
      ...more,
    },
  });

test('PreToolUse is told the call as Claude Code tells it, and CLAUDE_PROJECT_DIR is the folder', async (t) => {
  const inside = [
    { hooks: [{ type: 'command', command: 'cd "$CLAUDE_PROJECT_DIR" && cat >> heard' }] },
  ] as const;
  const { say, heard, id, cwd } = await openHooked(t, {
    events: { PreToolUse: inside },
    steps: note(),
  });
  const [call] = only(await say('go'), 'call');
  assert.deepEqual(heard(), [
    {
      session_id: id,
      transcript_path: '',
      cwd,
      permission_mode: 'default',
      hook_event_name: 'PreToolUse',
      model: 'scripted',
      tool_name: 'note',
      tool_input: { text: 'x' },
      tool_use_id: call?.call,
    },
  ]);
});

test('exit code 2 keeps the call from running; the model reads stderr', async (t) => {
  const events = { PreToolUse: script('refuse.sh', 'not on Sundays') };
  const { say, noted } = await openHooked(t, { events, steps: note() });
  const items = await say('go');
  assert.match(resultText(items), /PreToolUse hook denied it: not on Sundays/);
  assert.deepEqual(noted, []);
  assert.equal(only(items, 'end')[0]?.status, 'completed');
});

test('a permission decision of deny keeps the call from running, and so does the older decision block', async (t) => {
  for (const events of [
    { PreToolUse: permission('deny') },
    { PreToolUse: saying({ decision: 'block', reason: 'paper is dear' }) },
  ]) {
    const { say, noted } = await openHooked(t, { events, steps: note() });
    assert.match(resultText(await say('go')), /denied it: paper is dear/);
    assert.deepEqual(noted, []);
  }
});

test('of several hooks the strictest wins, whatever their order', async (t) => {
  const groups = [...permission('allow'), ...script('refuse.sh', 'no'), ...permission('ask')];
  for (const PreToolUse of [groups, groups.toReversed()]) {
    const { say, noted } = await openHooked(t, { events: { PreToolUse }, steps: note() });
    assert.match(resultText(await say('go')), /denied it: no$/);
    assert.deepEqual(noted, []);
  }
});

test("a hook's allow does not let through what a policy denies", async (t) => {
  const { say, heard } = await openHooked(t, {
    events: { PreToolUse: permission('allow') },
    steps: [{ calls: [{ name: 'shell', args: { command: 'echo x > heard' } }] }],
    judge: ({ kind, origin }) => {
      const verdict = kind === 'spawn' && origin.kind === 'tool' ? 'deny' : 'allow';
      return { verdict, reason: 'no commands', rule: 'none' };
    },
  });
  assert.match(resultText(await say('go')), /denied: no commands/);
  assert.deepEqual(heard(), []);
});

test('ask puts the call to a person, who decides; with nobody there it does not run', async (t) => {
  const events = { PreToolUse: permission('ask') };
  const yes = await openHooked(t, { events, steps: note(), answer: { decision: 'once' } });
  const [question] = only(await yes.say('go'), 'question');
  assert.deepEqual(question?.question, {
    kind: 'approval/ask',
    effect: { kind: 'call', server: 'tools', tool: 'note', args: { text: 'x' }, confined: true },
    origin: { kind: 'hook', name: 'PreToolUse' },
    reason: 'paper is dear',
    rule: 'a PreToolUse hook asks',
  });
  assert.deepEqual(yes.noted, [{ text: 'x' }]);
  const no = await openHooked(t, {
    events,
    steps: note(),
    answer: { decision: 'deny', remark: 'use ink' },
  });
  assert.match(resultText(await no.say('go')), /the user said no: use ink/);
  const nobody = await openHooked(t, { events, steps: note() });
  assert.match(resultText(await nobody.say('go')), /nobody is there to ask/);
  const never = await openHooked(t, {
    events,
    steps: note(),
    answer: { decision: 'once' },
    settings: { approval: 'never' },
  });
  assert.match(resultText(await never.say('go')), /the approval mode is never/);
  for (const { noted } of [no, nobody, never]) assert.deepEqual(noted, []);
});

test('allowed for the thread, the same call is not asked for again', async (t) => {
  const { say, noted } = await openHooked(t, {
    events: { PreToolUse: permission('ask') },
    steps: [...note(), ...note(), { calls: [{ name: 'note', args: { text: 'other' } }] }],
    answer: { decision: 'thread' },
  });
  const questions = only(await say('go'), 'question');
  assert.equal(questions.length, 2);
  assert.equal(noted.length, 3);
});

test('updatedInput is what runs, and what a person is shown', async (t) => {
  const events = { PreToolUse: permission('ask', { updatedInput: { text: 'y' } }) };
  const { say, noted } = await openHooked(t, {
    events,
    steps: note(),
    answer: { decision: 'once' },
  });
  assert.match(JSON.stringify(only(await say('go'), 'question')), /"args":\{"text":"y"\}/);
  assert.deepEqual(noted, [{ text: 'y' }]);
});

test('a hook that has ended without reading its input is heard all the same', async (t) => {
  const updatedInput = { text: 'changed' };
  const answer = { hookSpecificOutput: { hookEventName: 'PreToolUse', updatedInput } };
  const command = `echo $$ > pid; echo '${JSON.stringify(answer)}'`;
  let folder = '';
  const isOver = () => {
    try {
      return !process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 0);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ESRCH'; // what is not there yet is not over
    }
  };
  const thread = await openHooked(t, {
    events: { PreToolUse: [{ matcher: 'note', hooks: [{ type: 'command', command }] }] },
    steps: [{ calls: [{ name: 'note', args: { text: 'as it was' } }] }],
    judge: async ({ kind }) => {
      const verdict = { verdict: 'allow', reason: 'a test', rule: 'all' } as const;
      if (kind !== 'input') return verdict;
      while (!isOver()) await setTimeout(10);
      await setTimeout(50); // its end is known a moment later
      return verdict;
    },
  });
  folder = thread.cwd;
  await thread.say('go');
  assert.deepEqual(thread.noted, [updatedInput]);
});

test('a matcher chooses tools by name, by names, or by a regular expression', async (t) => {
  const PreToolUse = ['shell', 'shell|not', 'no', '^te$', 'shell|note', '^no'].flatMap((matcher) =>
    matching(matcher, script('refuse.sh', matcher)),
  );
  const { say } = await openHooked(t, { events: { PreToolUse }, steps: note() });
  assert.match(resultText(await say('go')), /denied it: shell\|note\n\^no$/);
});

test('a matcher may name our tools as Claude Code names its own', async (t) => {
  const steps = [{ calls: [{ name: 'shell', args: { command: 'echo ran' } }] }, { text: 'done' }];
  for (const matcher of ['Bash', 'Read|Bash', '^Ba']) {
    const events = { PreToolUse: matching(matcher, script('refuse.sh', 'no')) };
    const { say } = await openHooked(t, { events, steps });
    assert.match(resultText(await say('go')), /denied it: no$/, matcher);
  }
  const events = { PreToolUse: matching('Write', script('refuse.sh', 'no')) };
  const { say } = await openHooked(t, { events, steps });
  assert.equal(resultText(await say('go')), 'ran\n');
});

test('what a hook says to the user, and why it ends a turn, is told at once', async (t) => {
  const PostToolUse = saying({ continue: false, stopReason: 'enough', systemMessage: 'look' });
  const { say } = await openHooked(t, { events: { PostToolUse }, steps: note() });
  const items = await say('go');
  assert.equal(only(items, 'end')[0]?.status, 'interrupted');
  const told = only(items, 'notice').map(({ level, message }) => [level, message]);
  assert.deepEqual(told, [
    ['warning', 'look'],
    ['warning', 'a PostToolUse hook ended the turn: enough'],
  ]);
});

test('continue: false ends the turn', async (t) => {
  const events = { PreToolUse: saying({ continue: false, stopReason: 'enough' }) };
  const { say, noted } = await openHooked(t, { events, steps: note() });
  const items = await say('go');
  assert.equal(only(items, 'end')[0]?.status, 'interrupted');
  assert.match(resultText(items), /stopped the turn: enough/);
  assert.deepEqual(noted, []);
});

test('PostToolUse is told what the tool gave; what it blocks for is added to the result', async (t) => {
  const events = { PostToolUse: [...script('record.sh'), ...script('refuse.sh', 'tidy up')] };
  const { say, heard } = await openHooked(t, { events, steps: note() });
  assert.equal(resultText(await say('go')), 'noted\nA PostToolUse hook says: tidy up');
  assert.deepEqual(heard()[0]?.['tool_response'], { content: 'noted', is_error: false });
});

test('a tool that fails is told as PostToolUseFailure, and as nothing else', async (t) => {
  const events = { PostToolUse: script('record.sh'), PostToolUseFailure: script('record.sh') };
  const { say, heard } = await openHooked(t, { events, steps: note({ fail: true }) });
  assert.equal(resultText(await say('go')), 'no paper');
  assert.deepEqual(
    heard().map(({ hook_event_name, error }) => [hook_event_name, error]),
    [['PostToolUseFailure', 'no paper']],
  );
});

test('additionalContext reaches the model before its next step, with the hook it is from', async (t) => {
  const hookSpecificOutput = { hookEventName: 'PostToolUse', additionalContext: 'ink is cheap' };
  const { say } = await openHooked(t, {
    events: { PostToolUse: saying({ hookSpecificOutput }) },
    steps: note(),
  });
  const items = await say('go');
  const types = items.map(({ type }) => type);
  const [fragment] = only(items, 'fragment');
  assert.equal(fragment?.text, 'ink is cheap');
  assert.match(fragment?.source ?? '', /^hook PostToolUse: .*say\.sh/);
  assert.ok(types.indexOf('fragment') > types.indexOf('result'));
  assert.ok(types.indexOf('fragment') < types.lastIndexOf('assistant'));
});

const asking = ({ kind, origin }: { kind: string; origin: { kind: string } }) => {
  const verdict = kind === 'spawn' && origin.kind === 'tool' ? 'ask' : 'allow';
  return { verdict, reason: 'it is a command', rule: 'commands' } as const;
};
const command = [{ calls: [{ name: 'shell', args: { command: 'true' } }] }];

test('PermissionRequest is told the call that waits, and its deny answers for the user', async (t) => {
  const decision = { behavior: 'deny', message: 'ask me tomorrow' };
  const answer = saying({ hookSpecificOutput: { hookEventName: 'PermissionRequest', decision } });
  const { say, heard } = await openHooked(t, {
    events: { PermissionRequest: [...script('record.sh'), ...answer] },
    steps: command,
    judge: asking,
    answer: 'leave open',
  });
  assert.match(resultText(await say('go')), /ask me tomorrow/);
  const [told] = heard();
  assert.equal(told?.['tool_name'], 'shell');
  assert.deepEqual(told?.['tool_input'], { command: 'true' });
});

test('a PermissionRequest allow answers nothing: the person still decides; Notification hears of it', async (t) => {
  const decision = { behavior: 'allow' };
  const answer = saying({ hookSpecificOutput: { hookEventName: 'PermissionRequest', decision } });
  const { say, heard } = await openHooked(t, {
    events: { PermissionRequest: answer, Notification: script('record.sh') },
    steps: command,
    judge: asking,
    answer: { decision: 'deny', remark: 'no' },
  });
  const items = await say('go');
  assert.deepEqual(
    only(items, 'answer').map(({ by }) => by),
    ['test'],
  );
  assert.equal(heard()[0]?.['notification_type'], 'permission_prompt');
});
