/** Codex's own SDK for TypeScript drives the real binary: a client that none of us wrote. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeFileSync } from 'node:fs';

import { Codex, type ThreadEvent } from '@openai/codex-sdk';

import { appears } from '../fixtures/front-ends/run.ts';
import { binary, makeE2e, type E2e } from './place.ts';

/** The SDK starts the program by its path, and gives it this environment alone. */
function codexOf(
  place: E2e,
  options: { readonly baseUrl?: string; readonly apiKey?: string } = {},
): Codex {
  const env = Object.fromEntries(
    Object.entries(place.env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
  return new Codex({ codexPathOverride: binary, env, ...options });
}

const working = (place: E2e) =>
  ({
    workingDirectory: place.cwd,
    skipGitRepoCheck: true,
    sandboxMode: 'danger-full-access',
    approvalPolicy: 'never',
  }) as const;

test('a turn gives its items, the final answer and the usage; the thread goes on', async (t) => {
  const place = await makeE2e(t, {
    answers: [
      {
        parts: [{ text: 'I look.' }, { call: 'shell', args: { command: 'echo hello' } }],
        usage: { input: 100, cached: 50, output: 10, reasoning: 4 },
      },
      { text: 'It says hello.', usage: { input: 200, cached: 100, output: 20, reasoning: 0 } },
      { text: 'Hello again.' },
    ],
  });
  const thread = codexOf(place).startThread({ ...working(place), modelReasoningEffort: 'low' });
  const turn = await thread.run('say hello');
  assert.equal(turn.finalResponse, 'It says hello.');
  assert.deepEqual(
    turn.items.map(({ type }) => type),
    ['agent_message', 'command_execution', 'agent_message'],
  );
  const [, command] = turn.items;
  assert.ok(command?.type === 'command_execution');
  assert.deepEqual(
    [command.command, command.aggregated_output, command.exit_code, command.status],
    ['echo hello', 'hello\n', 0, 'completed'],
  );
  assert.deepEqual(turn.usage, {
    input_tokens: 300,
    cached_input_tokens: 150,
    cache_write_input_tokens: 0,
    output_tokens: 30,
    reasoning_output_tokens: 4,
  });
  const again = await codexOf(place)
    .resumeThread(thread.id ?? '', working(place))
    .run('again');
  assert.equal(again.finalResponse, 'Hello again.');
  assert.equal(place.threads().length, 1);
});

test('events stream in order', async (t) => {
  const place = await makeE2e(t, {
    answers: [{ parts: [{ call: 'shell', args: { command: 'true' } }] }, { text: 'Done.' }],
  });
  const { events } = await codexOf(place).startThread(working(place)).runStreamed('go');
  const seen: ThreadEvent['type'][] = [];
  for await (const event of events) seen.push(event.type);
  assert.deepEqual(seen, [
    'thread.started',
    'turn.started',
    'item.started',
    'item.completed',
    'item.completed',
    'turn.completed',
  ]);
});

test('a base URL and key that the SDK is given count, as do images and a schema', async (t) => {
  const place = await makeE2e(t, {
    answers: [{ text: '{"ok":true}' }],
    env: { OPENAI_BASE_URL: '', OPENAI_API_KEY: '' },
  });
  const image = join(place.cwd, 'dot.png');
  writeFileSync(image, Buffer.from('89504e470d0a1a0a', 'hex'));
  const codex = codexOf(place, { baseUrl: place.server.url, apiKey: 'sk-sdk' });
  const outputSchema = {
    type: 'object',
    properties: { ok: { type: 'boolean' } },
    required: ['ok'],
    additionalProperties: false,
  };
  const turn = await codex.startThread({ ...working(place), model: 'stand-in' }).run(
    [
      { type: 'text', text: 'look' },
      { type: 'local_image', path: image },
    ],
    { outputSchema },
  );
  assert.deepEqual(JSON.parse(turn.finalResponse), { ok: true });
  const [request] = place.server.requests;
  assert.equal(request?.headers.authorization, 'Bearer sk-sdk');
  assert.match(request?.body ?? '', /input_image[\s\S]*data:image\/png;base64/);
  assert.match(request?.body ?? '', /"ok"/);
});

test('a turn that fails rejects with its message', async (t) => {
  const place = await makeE2e(t, { answers: [] });
  await assert.rejects(
    codexOf(place).startThread(working(place)).run('go'),
    /script has 0 answers/,
  );
});

test('a command line that is refused fails the run while the SDK still writes a long prompt', async (t) => {
  const place = await makeE2e(t, { answers: [] });
  const prompt = 'word '.repeat(1_000_000);
  const run = codexOf(place).resumeThread('no-such-thread', working(place)).run(prompt);
  await assert.rejects(run, /no thread "no-such-thread"/);
});

test('an aborted run rejects as aborted, as the SDK has it of its own program', async (t) => {
  const place = await makeE2e(t, {
    answers: [{ parts: [{ call: 'shell', args: { command: 'touch begun; sleep 60' } }] }],
  });
  const controller = new AbortController();
  const run = codexOf(place).startThread(working(place)).run('go', { signal: controller.signal });
  await Promise.race([appears(place.cwd, 'begun'), run]);
  controller.abort();
  await assert.rejects(run, { name: 'AbortError' });
});

test('aborting ends the program and the turn', async (t) => {
  const place = await makeE2e(t, {
    answers: [{ parts: [{ call: 'shell', args: { command: 'sleep 60' } }] }],
  });
  const controller = new AbortController();
  const { events } = await codexOf(place)
    .startThread(working(place))
    .runStreamed('go', { signal: controller.signal });
  const reading = (async () => {
    for await (const event of events) if (event.type === 'item.started') controller.abort();
  })();
  await assert.rejects(reading, { name: 'AbortError' });
});
