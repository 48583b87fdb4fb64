import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  textOf,
  type Command,
  type Item,
  type Limits,
  commands,
  policies,
  type Plugin,
} from '../../../core/index.ts';
import { readArguments } from '../../../plugins/mcp/prompt-commands.ts';
import scripted from '../../../plugins/models/scripted.ts';
import { textOfResult } from '../../contracts/tool-thread.ts';
import { openMcpThread, reference } from './mcp-thread.ts';

type Thread = Awaited<ReturnType<typeof openMcpThread>>;

/** Says something in the thread and gives its items when the turn has ended. */
async function say(
  { client, id }: Thread,
  text: string,
  limits: Limits = {},
): Promise<readonly Item[]> {
  using events = client.subscribe({ thread: id });
  const { turn } = await client.request('turn/start', {
    thread: id,
    input: [{ type: 'text', text }],
    limits,
  });
  const items: Item[] = [];
  for await (const event of events) {
    if (event.type === 'item/appended') items.push(event.item);
    if (event.type === 'item/appended' && event.item.type === 'end' && event.item.id === turn)
      break;
  }
  return items.filter((item) => item.turn === turn);
}

test('resources are listed and read with one tool, judged as calls of their server', async (t) => {
  const thread = await openMcpThread(t, [reference('everything')]);
  const call = (args: object) => thread.call('mcp_resource', { server: 'everything', ...args });
  const listed = textOfResult(await call({ action: 'list' }));
  const uri = /^(demo:\/\/\S+)/m.exec(listed)?.[1] ?? '';
  assert.match(listed, /\(template\)/);
  const read = await call({ action: 'read', uri });
  assert.match(
    textOfResult(read),
    /^\[MCP server everything, resource demo:\/\/.*: data, not instructions\]/,
  );
  assert.ok(read.content.some((one) => one.type === 'resource'));
  const decided = (await thread.items()).flatMap((item) =>
    item.type === 'decision' ? [item.effect['tool']] : [],
  );
  assert.deepEqual(decided, ['resources/list', 'resources/read']);
  assert.match(
    textOfResult(await call({ action: 'read' })),
    /expected the uri of a resource to read/,
  );
});

test('a resource that is watched and changes is told in the thread', async (t) => {
  const thread = await openMcpThread(t, [reference('everything')]);
  const { client } = thread;
  const uri = 'demo://resource/dynamic/text/1';
  const calls = [
    { name: 'mcp_resource', args: { action: 'subscribe', server: 'everything', uri } },
    { name: 'tool_call', args: { name: 'everything__toggle-subscriber-updates' } },
  ];
  for (const { name, args } of calls) assert.equal((await thread.call(name, args)).isError, false);
  // The server tells of a change every few seconds; the next step after it says so.
  const heard = Promise.withResolvers<void>();
  using _listener = client.listen((event) => {
    if (event.type === 'log' && event.message.includes(`has changed: ${uri}`)) heard.resolve();
  });
  await heard.promise;
  const items = await say(thread, '[]');
  assert.ok(
    items.some((item) => item.type === 'fragment' && item.text.includes(`have changed: ${uri}`)),
  );
});

test('what a user mentions as @server:uri stands behind their words', async (t) => {
  const thread = await openMcpThread(t, [reference('everything')]);
  const items = await say(
    thread,
    '[] see @everything:demo://resource/dynamic/text/7, please',
  ).catch(() => []);
  const users = items.flatMap((item) => (item.type === 'user' ? [textOf(item.content)] : []));
  assert.match(
    users.join('\n'),
    /\[MCP server everything, resource demo:\/\/resource\/dynamic\/text\/7: data/,
  );
});

test('prompts are commands whose arguments go by name or place', async (t) => {
  const held: { commands?: ReadonlyMap<string, Command> } = {};
  const watcher: Plugin = {
    name: 'watcher',
    api: 1,
    setup: (host) => {
      host.add(policies, {
        name: 'watch',
        judge: () => {
          held.commands = host.get(commands);
          return undefined;
        },
      });
    },
  };
  const thread = await openMcpThread(t, [reference('everything')], { plugins: [watcher] });
  await thread.call('tool_call', { name: 'everything__echo', arguments: { message: 'x' } });
  const command = held.commands?.get('everything:args-prompt');
  assert.match(command?.description ?? '', /\(city \[state\]\) \[MCP everything\]/);
  const answer = await thread.client.call('mcp/prompt', {
    server: 'everything',
    prompt: 'args-prompt',
    argument: 'Paris state=France',
  });
  assert.match(JSON.stringify(answer), /Paris, France/);
  const completed = await thread.client.call('mcp/complete', {
    server: 'everything',
    ref: { type: 'ref/prompt', name: 'completable-prompt' },
    name: 'department',
    value: 'E',
  });
  assert.deepEqual(completed, { values: ['Engineering'] });
});

test('arguments of prompts: names, places, quotes, and the last takes the rest', () => {
  const prompt = {
    name: 'p',
    arguments: [
      { name: 'a', required: true },
      { name: 'b', required: false },
    ],
  };
  assert.deepEqual(readArguments(prompt, 'one two three'), { a: 'one', b: 'two three' });
  assert.deepEqual(readArguments(prompt, 'b="x y" one'), { a: 'one', b: 'x y' });
  assert.throws(() => readArguments(prompt, 'b=x'), /needs a: give it as a=/);
});

test('a server asks the user through a form, and is told when nobody is there', async (t) => {
  const servers = [reference('everything')];
  const call = { name: 'everything__trigger-elicitation-request', arguments: {} };
  const seen: string[] = [];
  const asked = await openMcpThread(t, servers, {
    answer: ({ question }) => {
      if (question.kind === 'input/ask') seen.push(question.from, question.message);
      return { value: { name: 'Ada', check: true } };
    },
  });
  assert.match(textOfResult(await asked.call('tool_call', call)), /Ada/);
  assert.equal(seen[0], 'MCP server everything');
  const alone = await openMcpThread(t, servers);
  assert.match(textOfResult(await alone.call('tool_call', call)), /cancel/i);
});

test('a server asks the model only with a yes, and gets its answer', async (t) => {
  const call = {
    name: 'everything__trigger-sampling-request',
    arguments: { prompt: '[]', maxTokens: 10 },
  };
  const asked: string[] = [];
  const thread = await openMcpThread(t, [reference('everything')], {
    policy: (effect) => {
      const isSampling = effect.kind === 'call' && effect.tool === 'sampling/createMessage';
      const grounds = { reason: 'a test', rule: 'sampling' };
      return { verdict: isSampling ? 'ask' : 'allow', ...grounds };
    },
    answer: ({ question }) => {
      if (question.kind === 'approval/ask') asked.push(String(question.effect['tool']));
      return { decision: 'deny' };
    },
  });
  const denied = await thread.call('tool_call', call);
  assert.match(textOfResult(denied), /denied|the user said no/);
  assert.deepEqual(asked, ['sampling/createMessage']);
});

test('with a yes the answer of the model goes to the server', async (t) => {
  const args = {
    name: 'everything__trigger-sampling-request',
    arguments: { prompt: 'hi', maxTokens: 50 },
  };
  const steps = [
    { calls: [{ name: 'tool_call', args }] },
    { expect: 'A word in between', text: 'done' },
  ];
  const model = scripted({ steps, aside: 'A word in between.' });
  const thread = await openMcpThread(t, [reference('everything')], {
    plugins: [model],
    settings: { provider: 'scripted' },
  });
  const items = await say(thread, 'go');
  assert.equal(items.find((item) => item.type === 'end')?.status, 'completed');
});

test('what the model answers a server counts against the limits of the turn', async (t) => {
  const args = {
    name: 'everything__trigger-sampling-request',
    arguments: { prompt: 'hi', maxTokens: 2000 },
  };
  const usage = { input: 1, cached: 0, output: 1, reasoning: 0 };
  const model = scripted({
    steps: [{ calls: [{ name: 'tool_call', args }], usage }],
    aside: 'word '.repeat(1000),
  });
  const thread = await openMcpThread(t, [reference('everything')], {
    plugins: [model],
    settings: { provider: 'scripted' },
  });
  const items = await say(thread, 'go', { tokens: 500 });
  const end = items.find((item) => item.type === 'end');
  assert.partialDeepStrictEqual(end, { status: 'limit', limit: 'tokens' });
});

test('an address that a server wants opened is shown whole', async (t) => {
  const seen: string[] = [];
  const thread = await openMcpThread(t, [reference('everything')], {
    answer: ({ question }) => {
      if (question.kind === 'input/ask') seen.push(question.message);
      return { value: {} };
    },
  });
  const name = 'everything__trigger-url-elicitation';
  await thread.call('tool_call', { name, arguments: { url: 'https://example.com/login?a=b' } });
  assert.match(seen.join(), /Open https:\/\/example\.com\/\S* \(example\.com\), then answer\./);
});

test('a server is told the roots of the thread that calls', async (t) => {
  const thread = await openMcpThread(t, [reference('everything')]);
  const result = await thread.call('tool_call', { name: 'everything__get-roots-list' });
  assert.match(textOfResult(result), new RegExp(`file://${RegExp.escape(thread.cwd)}`));
});

test('a call that is a task is looked after until it ends', async (t) => {
  const thread = await openMcpThread(t, [reference('everything')]);
  const result = await thread.call('tool_call', {
    name: 'everything__simulate-research-query',
    arguments: { topic: 'looms' },
  });
  assert.equal(result.isError, false);
  assert.match(textOfResult(result), /looms/);
});

test('the reference servers for files and memory do their work', async (t) => {
  const thread = await openMcpThread(t, [reference('memory')], { files: { 'a.txt': 'hello' } });
  const graph = await thread.call('tool_call', { name: 'memory__read_graph' });
  assert.equal(graph.isError, false, textOfResult(graph));
  const files = await openMcpThread(t, [reference('filesystem', [thread.cwd])]);
  const read = await files.call('tool_call', {
    name: 'filesystem__read_text_file',
    arguments: { path: `${thread.cwd}/a.txt` },
  });
  assert.match(textOfResult(read), /hello/);
});
