import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { appears } from '../fixtures/front-ends/run.ts';
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
    await assert.rejects(read('spindle://thread/no-such-thread'), /no thread no-such-thread/);
    await assert.rejects(read('other://thing'), /other:\/\/thing/);
    const prompt = { name: 'spindle-task', arguments: { path: 'a' } };
    await assert.rejects(host.request('prompts/get', prompt), /needs the argument task/);
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

interface ShownTask {
  readonly taskId: string;
  readonly status: string;
}

test('a long call runs as a task: answered at once, asked for its result, its questions answered then', async (t) => {
  const e2e = await makeE2e(t, {
    answers: [{ parts: [{ call: 'shell', args: { command: 'touch asked' } }] }, { text: 'Done.' }],
  });
  const asked: string[] = [];
  const host = await oldHost(t, {
    cwd: e2e.cwd,
    env: e2e.env,
    argv: [...unconfined, '--approval', 'untrusted'],
    elicit: ({ message }) => {
      asked.push(message);
      return { action: 'accept', content: {} };
    },
  });
  const begin = async (prompt: string) => {
    const params = { name: 'spindle', arguments: { prompt }, task: { ttl: 60_000 } };
    return (await host.request('tools/call', params))['task'] as ShownTask;
  };
  const { taskId, status } = await begin('x');
  assert.equal(status, 'working');
  for (;;) {
    const now = (await host.request('tasks/get', { taskId })) as unknown as ShownTask;
    if (now.status === 'input_required') break;
  }
  assert.deepEqual(asked, []);
  const result = await host.request('tasks/result', { taskId });
  assert.match(asked.join(), /touch asked/);
  assert.match(JSON.stringify(result['structuredContent']), /"answer":"Done\."/);
  const { tasks } = await host.request('tasks/list', {});
  assert.deepEqual(
    (tasks as readonly ShownTask[]).map((one) => one.status),
    ['completed'],
  );
  await assert.rejects(host.request('tasks/cancel', { taskId }), /has ended/);
  await assert.rejects(host.request('tasks/get', { taskId: 'invented' }), /no task invented/);
});

test('cancelling a task ends its turn', async (t) => {
  const e2e = await makeE2e(t, {
    answers: [{ parts: [{ call: 'shell', args: { command: 'touch started; sleep 64' } }] }],
  });
  const argv = [...unconfined, '--approval', 'never'];
  const host = await oldHost(t, { cwd: e2e.cwd, env: e2e.env, argv });
  const params = { name: 'spindle', arguments: { prompt: 'x' }, task: {} };
  const { taskId } = (await host.request('tools/call', params))['task'] as ShownTask;
  await appears(e2e.cwd, 'started');
  const cancelled = (await host.request('tasks/cancel', { taskId })) as unknown as ShownTask;
  assert.equal(cancelled.status, 'cancelled');
  await host.request('tasks/result', { taskId }).catch(() => {});
  const [items = []] = e2e.threads();
  assert.equal(items.findLast((item) => item.type === 'end')?.status, 'interrupted');
});

interface Asked {
  readonly systemPrompt?: string;
  readonly tools?: readonly { readonly name: string }[];
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
}

const noKey = { OPENAI_API_KEY: '', OPENAI_BASE_URL: '', OPENAI_MODEL: '' };

for (const mode of ['legacy', 'auto'] as const)
  test(`with --sampling the host's model does the work, with no key (${mode})`, async (t) => {
    const e2e = await makeE2e(t, { answers: [], env: noKey });
    const asked: Asked[] = [];
    const model = 'the-hosts';
    const said = [
      { type: 'tool_use', id: 'one', name: 'apply_patch', input: { patch } },
      { type: 'text', text: 'It is written.' },
    ];
    const host = await newHost(t, {
      cwd: e2e.cwd,
      env: e2e.env,
      mode,
      argv: [...unconfined, '--approval', 'never', '--sampling'],
      sample: (params) => {
        const content = said[asked.push(params as Asked) - 1];
        const stopReason = content?.type === 'text' ? 'endTurn' : 'toolUse';
        return { role: 'assistant', content: [content], model, stopReason };
      },
    });
    const result = await host.call('spindle', { prompt: 'write a note' });
    assert.equal(result.structuredContent?.['answer'], 'It is written.', JSON.stringify(result));
    const [first, second] = asked;
    assert.match(first?.systemPrompt ?? '', /\w/);
    assert.ok(first?.tools?.some(({ name }) => name === 'apply_patch'));
    assert.match(JSON.stringify(first?.messages.at(-1)), /write a note/);
    assert.match(
      JSON.stringify(second?.messages.at(-1)),
      /tool_result.*"toolUseId":"one".*Success/,
    );
    assert.equal(e2e.server.requests.length, 0);
  });

test('without a key and without sampling a task is refused, saying what to set', async (t) => {
  const e2e = await makeE2e(t, { answers: [], env: noKey });
  const { cwd, env } = e2e;
  const host = await oldHost(t, { cwd, env });
  const result = await host.call('spindle', { prompt: 'x' });
  assert.equal(result.isError, true);
  assert.match(JSON.stringify(result.content), /OPENAI_API_KEY|--sampling/);
  const sampling = await oldHost(t, { cwd, env, argv: ['--sampling'] });
  const refused = await sampling.call('spindle', { prompt: 'x' });
  assert.match(JSON.stringify(refused.content), /no sampling/);
});
