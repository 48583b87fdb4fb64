/** Whatever a summariser says, and however little room there is, what must not be forgotten is in the next request. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import prune from '../../../plugins/compactors/prune.ts';
import summary from '../../../plugins/compactors/summary.ts';
import openaiChat from '../../../plugins/models/openai-chat.ts';
import openaiResponses from '../../../plugins/models/openai-responses.ts';
import agentsMd from '../../../plugins/prompts/agents-md.ts';
import history from '../../../plugins/prompts/history.ts';
import system from '../../../plugins/prompts/system.ts';
import applyPatch from '../../../plugins/tools/apply-patch.ts';
import plan from '../../../plugins/tools/plan.ts';
import shell from '../../../plugins/tools/shell.ts';
import { openModelThread, type ModelThread } from '../../contracts/model-thread.ts';
import { serve } from '../../contracts/served-model.ts';
import type { Answer, ModelRequest, ModelServer } from '../../fixtures/model-server.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

const first = 'First wish: port "é" to v2\n\twith care.';
const last = 'Last wish: and now the docs.';
const patch = '*** Begin Patch\n*** Add File: made.txt\n+one\n*** End Patch';
const steps = [{ step: 'port é to v2', status: 'in_progress' }];

interface Opened {
  readonly server: ModelServer;
  readonly thread: ModelThread;
}

interface OpenOptions {
  readonly summary: string;
  readonly window?: number;
  readonly instructions?: string;
}

/** A thread in a folder with an AGENTS.md, whose model has a small window. `summary` is what it says when it may call nothing. */
async function open(t: TestContext, options: OpenOptions): Promise<Opened> {
  const { window = 9000, instructions = 'Never say "never".' } = options;
  const cwd = temporaryFolder(t);
  writeFileSync(join(cwd, 'AGENTS.md'), 'Rule of the house: tabs.\n');
  const work: Answer = {
    parts: [
      { call: 'update_plan', args: { plan: steps } },
      { call: 'apply_patch', args: { patch } },
      { call: 'shell', args: { command: 'seq 1000 1400' } },
    ],
  };
  const answers = [work, { text: 'Done.' }];
  const left = [...answers];
  const script = ({ body }: ModelRequest): Answer => {
    if (/"tool_choice":"none"/.test(body)) return { text: options.summary };
    return left.shift() ?? { text: 'On it.' };
  };
  const server = await serve(t, { script });
  const config = { baseURL: server.url, model: 'stand-in', apiKey: 'k' };
  const models = [
    openaiResponses({ ...config, window, output: 1000 }),
    openaiChat({ ...config, window: 200_000 }),
  ];
  const sources = [system(), agentsMd(), history()];
  const tools = [shell(), applyPatch(), plan()];
  const plugins = [...models, ...sources, ...tools, summary(), prune()];
  const settings = { provider: 'openai-responses', cwd, roots: [cwd], instructions };
  const thread = await openModelThread(t, { plugins, settings, tools: [] });
  return { server, thread };
}

const summaries: readonly (readonly [string, string])[] = [
  ['is empty', ''],
  ['says nothing', 'I cannot help with that.'],
  [
    'is wrong',
    `Task: bake a cake. Findings: ${'the oven is at 200 degrees and all is well. '.repeat(9)}`,
  ],
  ['has no end', 'and so on '.repeat(20_000)],
];
for (const [what, said] of summaries) {
  test(`with a summary that ${what} the next request holds, word for word, what must not be forgotten`, async (t) => {
    const { server, thread } = await open(t, { summary: said });
    assert.equal((await thread.turn(first)).end.error, undefined);
    await thread.turn(`By the way: ${'this and that. '.repeat(300)}`);
    await thread.client.request('thread/compact', { thread: thread.id });
    assert.equal((await thread.turn(last)).end.error, undefined);
    const { json } = server.requests.at(-1) ?? {};
    const input = JSON.stringify(json?.input);
    const isThere = (text: string) => input.includes(JSON.stringify(text).slice(1, -1));
    assert.ok(isThere(first) && isThere(last), 'the first and the last message of the user');
    assert.match(json?.instructions ?? '', /You are Spindle[^]*Never say "never"\./);
    assert.ok(isThere('Rule of the house: tabs.'), 'AGENTS.md');
    assert.ok(isThere('port é to v2') && isThere('in_progress'), 'the plan');
    assert.match(input, /Files changed \(1 of 1\):\\n- [^"]*made\.txt/);
    assert.match(input, /Commands run \(1 of 1\):\\n- [^"]*seq 1000 1400/);
    assert.ok(!isThere('1200'), 'expected the long output to be gone');
  });
}

test('a switch to a model with a smaller window in mid-thread compacts and goes on, and back again', async (t) => {
  const { server, thread } = await open(t, { summary: '', window: 9000 });
  const large = { settings: { provider: 'openai-chat' } };
  await thread.turn(first, large);
  for (let at = 0; at < 4; at++) await thread.turn(`${at}: ${'more of it. '.repeat(900)}`, large);
  const { end, items } = await thread.turn(last, { settings: { provider: 'openai-responses' } });
  assert.equal(end.error, undefined);
  assert.ok(items.some(({ type }) => type === 'window'));
  const { path, body } = server.requests.at(-1) ?? { path: '', body: '' };
  assert.equal(path, '/v1/responses');
  assert.ok(body.length / 4 < 9000, `${body.length} bytes are sent`);
  for (const kept of ['First wish', 'Last wish', 'made.txt']) assert.ok(body.includes(kept), kept);
  assert.equal((await thread.turn('again', large)).end.error, undefined);
});

test('what is pinned and alone exceeds the window fails the turn with what to do, and a larger model goes on', async (t) => {
  const { server, thread } = await open(t, { summary: '', instructions: 'rule '.repeat(9000) });
  const { end } = await thread.turn(first);
  assert.equal(end.status, 'failed');
  assert.equal(end.error?.code, 'model_context');
  assert.match(end.error.message, /start a new thread, or take a model with a larger window/);
  assert.equal(server.requests.length, 0);
  const later = await thread.turn(last, { settings: { provider: 'openai-chat' } });
  assert.equal(later.end.error, undefined);
  const body = server.requests.at(-1)?.body ?? '';
  assert.ok(body.includes('First wish') && body.includes('Last wish'));
});
