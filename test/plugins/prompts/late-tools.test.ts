import assert from 'node:assert/strict';
import { test } from 'node:test';

import { tools, type Host, type Plugin } from '../../../core/index.ts';
import lateTools from '../../../plugins/prompts/late-tools.ts';
import { fragmentsOf, openPromptThread, type PromptThread } from '../../contracts/prompt-thread.ts';
import { promptContract } from '../../contracts/prompts.ts';

promptContract('late-tools', { plugin: () => changing().plugin });

interface Changing {
  readonly plugin: Plugin;
  readonly add: (name: string, description: string) => Disposable;
}

/** The plugin, and a host of it to which tools can be added. */
function changing(): Changing {
  let inner: Host | undefined;
  const { name, api, setup } = lateTools();
  const inputSchema = { type: 'object', properties: { id: { type: 'string' } } };
  return {
    plugin: { name, api, setup: (host) => setup((inner = host)) },
    add: (tool, description) => {
      assert.ok(inner);
      const run = () => ({ content: [{ type: 'text', text: `${tool} ran` }] }) as const;
      return inner.add(tools, { name: tool, description, inputSchema, run });
    },
  };
}

const told = async (thread: PromptThread, settings = {}) =>
  fragmentsOf(await thread.turn([], settings))
    .filter(({ plugin }) => plugin === 'late-tools')
    .map(({ text }) => text);

test('a tool that comes in mid-thread is described at the end, once; definitions stay as they were', async (t) => {
  const late = changing();
  const thread = await openPromptThread(t, { plugin: () => late.plugin });
  assert.deepEqual(await told(thread), []);
  late.add('ticket', 'Shows a ticket.');
  const [text, ...rest] = await told(thread);
  assert.deepEqual(rest, []);
  assert.match(
    text ?? '',
    /New, to be called like the others:\n- ticket: Shows a ticket\.\n {2}arguments: \{.*"id".*\}/,
  );
  assert.deepEqual(await told(thread), []);
  const defined = thread.requests.map((parts) => parts.filter(({ type }) => type === 'tools'));
  for (const one of defined) assert.deepEqual(one, defined[0]);
});

test('what changed, went, or is out of the subset is told, and so is that all is as it was', async (t) => {
  const late = changing();
  const thread = await openPromptThread(t, { plugin: () => late.plugin });
  const before = late.add('ticket', 'Shows a ticket.');
  await told(thread);
  before[Symbol.dispose]();
  const after = late.add('ticket', 'Closes a ticket.');
  assert.match(
    (await told(thread)).join(),
    /Not as they were defined:\n- ticket: Closes a ticket\./,
  );
  after[Symbol.dispose]();
  assert.match((await told(thread)).join(), /No longer there: ticket$/);
  late.add('ticket', 'Shows a ticket.');
  assert.match((await told(thread)).join(), /^The tools are those that were defined/);
  assert.match((await told(thread, { tools: ['ticket'] })).join(), /No longer there: touch$/);
});

test('once the window has moved the tools of then are defined, and nothing is told', async (t) => {
  const late = changing();
  const thread = await openPromptThread(t, { plugin: () => late.plugin });
  await told(thread);
  late.add('ticket', 'Shows a ticket.');
  await thread.compact();
  assert.deepEqual(await told(thread), []);
  const defined = thread.requests.at(-1)?.find((part) => part.type === 'tools');
  assert.ok(defined?.tools.some(({ name }) => name === 'ticket'));
});
