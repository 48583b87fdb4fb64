import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import {
  newHost,
  oldHost,
  type Host,
  type HostOptions,
} from '../fixtures/mcp-hosts/stdio-hosts.ts';
import { makeE2e, unconfined } from './place.ts';

const hosts: Readonly<Record<string, (t: TestContext, options: HostOptions) => Promise<Host>>> = {
  'a host of the 2025 versions': oldHost,
  'a host of 2026-07-28': (t, options) => newHost(t, { ...options, mode: 'auto' }),
};

const files = {
  'src/first.js': '',
  '.agents/skills/tidy/SKILL.md':
    '---\nname: tidy\ndescription: Tidies up.\n---\n\nPut everything in its place.\n',
};
const patch = '*** Begin Patch\n*** Add File: note.txt\n+hello\n*** End Patch';
const answers = [{ parts: [{ call: 'apply_patch', args: { patch } }] }, { text: 'Written.' }];

interface Read {
  readonly contents: readonly { readonly text: string; readonly mimeType: string }[];
}
interface Completed {
  readonly completion: { readonly values: readonly string[] };
}

for (const [name, connect] of Object.entries(hosts))
  test(`${name} reads threads, their items and the diff of a turn, and completes their ids`, async (t) => {
    const e2e = await makeE2e(t, { answers, files });
    const argv = [...unconfined, '--approval', 'never'];
    const host = await connect(t, { cwd: e2e.cwd, env: e2e.env, argv });
    const done = await host.call('spindle', { prompt: 'write' });
    const { threadId, turnId } = done.structuredContent as Record<'threadId' | 'turnId', string>;
    const listed = await host.request('resources/list', {});
    const uris = (listed['resources'] as readonly { readonly uri: string }[]).map(({ uri }) => uri);
    assert.deepEqual(uris, ['spindle://threads', `spindle://thread/${threadId}`]);
    const templates = await host.request('resources/templates/list', {});
    assert.match(JSON.stringify(templates), /thread\/\{threadId\}\/turn\/\{turnId\}\/diff/);
    const read = async (uri: string) => {
      const { contents } = (await host.request('resources/read', { uri })) as unknown as Read;
      return contents[0]?.text ?? '';
    };
    assert.match(await read('spindle://threads'), new RegExp(threadId));
    assert.match(await read(`spindle://thread/${threadId}`), /"answer": "Written\."/);
    assert.match(await read(`spindle://thread/${threadId}/items`), /"type":"call"/);
    const later = JSON.parse(await read(`spindle://thread/${threadId}/items/3`)) as {
      items: { n: number }[];
    };
    assert.equal(later.items[0]?.n, 4);
    assert.match(
      await read(`spindle://thread/${threadId}/turn/${turnId}/diff`),
      /note\.txt[\s\S]*\+hello/,
    );
    await assert.rejects(read('spindle://thread/no-such-thread'));
    await assert.rejects(read('other://thing'));
    const complete = async (ref: object, argument: object, given: object = {}) => {
      const params = { ref, argument, context: { arguments: given } };
      const found = (await host.request('completion/complete', params)) as unknown as Completed;
      return found.completion.values;
    };
    const diff = { type: 'ref/resource', uri: 'spindle://thread/{threadId}/turn/{turnId}/diff' };
    const start = threadId.slice(0, 4);
    assert.deepEqual(await complete(diff, { name: 'threadId', value: start }), [threadId]);
    assert.deepEqual(await complete(diff, { name: 'turnId', value: '' }, { threadId }), [turnId]);
    const task = { type: 'ref/prompt', name: 'spindle-task' };
    assert.deepEqual(await complete(task, { name: 'path', value: 'first' }), ['src/first.js']);
  });

test("the user's skills and commands are prompts, and a command runs as a task", async (t) => {
  const command = { '.agents/commands/review.md': 'Review the branch $1 carefully.\n' };
  const e2e = await makeE2e(t, {
    answers: [{ text: 'Reviewed.' }],
    files: { ...files, ...command },
  });
  await e2e.run(['trust']);
  const host = await oldHost(t, { cwd: e2e.cwd, env: e2e.env });
  const { prompts } = await host.request('prompts/list', {});
  const names = (prompts as readonly { readonly name: string }[]).map((one) => one.name);
  assert.ok(names.includes('spindle-task') && names.includes('skill-tidy'), names.join());
  const asked = { name: 'skill-tidy', arguments: { task: 'the desk' } };
  const got = JSON.stringify(await host.request('prompts/get', asked));
  assert.match(got, /Put everything in its place[\s\S]*the desk/);
  await assert.rejects(host.request('prompts/get', { name: 'no-such-prompt' }), /no-such-prompt/);
  const review = { name: 'command-review', arguments: { argument: 'main' } };
  assert.match(JSON.stringify(await host.request('prompts/get', review)), /\/review main/);
  const done = await host.call('spindle', { prompt: '/review main' });
  assert.equal(done.structuredContent?.['answer'], 'Reviewed.');
  assert.match(JSON.stringify(e2e.server.requests[0]?.json), /Review the branch main carefully/);
});

test('a host that subscribes is told when a thread changes', async (t) => {
  const e2e = await makeE2e(t, { answers: [{ text: 'one' }, { text: 'two' }] });
  const host = await oldHost(t, { cwd: e2e.cwd, env: e2e.env });
  const { structuredContent } = await host.call('spindle', { prompt: 'x' });
  const threadId = String(structuredContent?.['threadId']);
  const uri = `spindle://thread/${threadId}`;
  const updated = host.updated(uri);
  await host.request('resources/subscribe', { uri });
  await host.call('spindle-reply', { threadId, prompt: 'y' });
  await updated;
});
