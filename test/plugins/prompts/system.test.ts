import assert from 'node:assert/strict';
import { test } from 'node:test';

import system, { options } from '../../../plugins/prompts/system.ts';
import { fragmentsOf, noticesOf, openPromptThread } from '../../contracts/prompt-thread.ts';
import { promptContract } from '../../contracts/prompts.ts';

promptContract('system', { plugin: () => system(), settings: () => ({ instructions: 'be kind' }) });

test('the text is short, has the system role and is pinned; the instructions follow as the user’s', async (t) => {
  const thread = await openPromptThread(t, {
    plugin: () => system({}),
    settings: () => ({ instructions: 'answer in verse' }),
  });
  const [text, instructions, ...rest] = fragmentsOf(await thread.turn());
  assert.deepEqual(rest, []);
  assert.ok(Buffer.byteLength(text!.text) <= 2560);
  assert.deepEqual([text!.role, text!.pinned, text!.source], ['system', true, 'spindle']);
  assert.deepEqual(
    [instructions!.role, instructions!.pinned, instructions!.source],
    ['system', true, 'user'],
  );
  assert.equal(instructions!.text, "The user's instructions:\nanswer in verse");
});

test('a change of the instructions is appended with the next turn, once', async (t) => {
  const thread = await openPromptThread(t, { plugin: () => system() });
  assert.equal(fragmentsOf(await thread.turn()).length, 1);
  const texts = async (instructions: string) =>
    fragmentsOf(await thread.turn([], { instructions })).map(({ role, text }) => `${role} ${text}`);
  assert.deepEqual(await texts('use tabs'), ["developer The user's instructions:\nuse tabs"]);
  assert.deepEqual(await texts('use tabs'), []);
  assert.deepEqual(await texts('use spaces'), [
    "developer The user's instructions have changed. In place of the former:\nuse spaces",
  ]);
  assert.deepEqual(await texts(''), [
    "developer The user's instructions no longer hold; there are none now.",
  ]);
  assert.deepEqual(await texts(''), []);
  assert.deepEqual(await texts('use tabs'), [
    "developer The user's instructions have changed. In place of the former:\nuse tabs",
  ]);
});

test('a text or a file takes the place of the built-in text, or follows it', async (t) => {
  const sources = async (config: Parameters<typeof system>[0]) => {
    const files = { 'prompt.md': 'from a file' };
    const thread = await openPromptThread(t, { plugin: () => system(config), files });
    return fragmentsOf(await thread.turn()).map(({ source, text }) => [source, text.slice(0, 20)]);
  };
  const builtIn = ['spindle', 'You are Spindle, a c'];
  assert.deepEqual(await sources({ text: 'mine' }), [['option text', 'mine']]);
  assert.deepEqual(await sources({ file: 'prompt.md' }), [['prompt.md', 'from a file']]);
  assert.deepEqual(await sources({ text: 'mine', extend: true }), [
    builtIn,
    ['option text', 'mine'],
  ]);
  assert.deepEqual(await sources({ file: 'prompt.md', extend: true }), [
    builtIn,
    ['prompt.md', 'from a file'],
  ]);
});

test('a file that cannot be read leaves the built-in text, with a notice', async (t) => {
  const thread = await openPromptThread(t, { plugin: () => system({ file: 'missing.md' }) });
  const items = await thread.turn();
  assert.deepEqual(
    fragmentsOf(items).map(({ source }) => source),
    ['spindle'],
  );
  assert.match(noticesOf(items).join('\n'), /missing\.md/);
});

test('the options take what is documented and nothing else', async () => {
  const schema = await options();
  assert.equal(schema.safeParse({ text: 'a', file: 'b', extend: true }).success, true);
  assert.equal(schema.safeParse({ texts: 'a' }).success, false);
});
