import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Plugin } from '../../../core/index.ts';
import history from '../../../plugins/prompts/history.ts';
import { openPromptThread } from '../../contracts/prompt-thread.ts';
import { promptContract } from '../../contracts/prompts.ts';

promptContract('history', { plugin: () => history(), isBare: true });

test('earlier turns stay in the window, in order, each part once', async (t) => {
  const thread = await openPromptThread(t, { plugin: () => history(), isBare: true });
  await thread.turn([{ note: 'one' }, { note: 'two' }]);
  await thread.turn([{ note: 'three' }]);
  await thread.resume();
  await thread.turn();
  const items = await thread.items();
  const said = new Set(['user', 'call', 'result', 'assistant', 'tools']);
  const expected = items.filter((item) => said.has(item.type)).map((item) => item.n);
  assert.deepEqual(
    thread.requests.at(-1)!.map((part) => part.n),
    expected.slice(0, -1),
  );
});

test('without it the model sees the running turn only', async (t) => {
  const nothing: Plugin = { name: 'nothing', api: 1, setup: () => {} };
  const thread = await openPromptThread(t, { plugin: () => nothing, isBare: true });
  await thread.turn([{ note: 'one' }]);
  await thread.turn();
  assert.deepEqual(
    thread.requests.at(-1)!.map((part) => part.type),
    ['tools', 'user'],
  );
});

test('what a compaction dropped does not come back', async (t) => {
  const thread = await openPromptThread(t, { plugin: () => history(), isBare: true });
  for (const note of ['one', 'two', 'three']) await thread.turn([{ note }]);
  await thread.compact();
  await thread.turn([{ note: 'four' }]);
  await thread.turn();
  assert.deepEqual(
    thread.requests.at(-1)!.map((part) => part.type),
    ['tools', 'user', 'user', 'fragment', 'user', 'call', 'result', 'assistant', 'user'],
  );
});
