/** Both compactors through the kernel: a thread that fills its window again and again goes on and forgets nothing pinned. */

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { createKernel, models, textOf, tools } from '../../../core/index.ts';
import type { Item, Model, ModelRequest, Plugin } from '../../../core/index.ts';
import prune from '../../../plugins/compactors/prune.ts';
import summary from '../../../plugins/compactors/summary.ts';
import local from '../../../plugins/machines/local.ts';
import approval from '../../../plugins/policies/approval.ts';
import history from '../../../plugins/prompts/history.ts';
import system from '../../../plugins/prompts/system.ts';
import { remove } from '../../fixtures/folders.ts';

const windowTokens = 12_000;
const stepsOfTurn = 12;

interface Ran {
  readonly items: readonly Item[];
  readonly requests: readonly ModelRequest[];
}

/** Three turns of many calls with long results. `answer` is what the model says when it is asked for a summary. */
async function fill(t: TestContext, compactors: readonly Plugin[], answer = ''): Promise<Ran> {
  const cwd = mkdtempSync(join(tmpdir(), 'spindle-compaction-'));
  const requests: ModelRequest[] = [];
  const plugins = [
    local(),
    approval(),
    system(),
    history(),
    ...compactors,
    world(requests, answer),
  ];
  const kernel = await createKernel({
    plugins: plugins.map((plugin) => ({ plugin })),
    settings: {
      cwd,
      roots: [cwd],
      provider: 'busy',
      sandbox: 'danger-full-access',
      instructions: 'never say never',
    },
  });
  t.after(async () => {
    await kernel[Symbol.asyncDispose]();
    remove(cwd);
  });
  const client = kernel.client('test');
  const { id } = await client.request('thread/start', { ephemeral: true });
  for (const word of ['first', 'second', 'third']) {
    const { last } = await client.request('thread/read', { thread: id, limit: 0 });
    using events = client.subscribe({ thread: id, after: last });
    await client.request('turn/start', {
      thread: id,
      input: [{ type: 'text', text: `the ${word} wish` }],
    });
    for await (const event of events) {
      if (event.type !== 'item/appended' || event.item.type !== 'end') continue;
      assert.equal(event.item.status, 'completed', JSON.stringify(event.item));
      break;
    }
  }
  return { items: (await client.request('thread/read', { thread: id })).items, requests };
}

function world(requests: ModelRequest[], answer: string): Plugin {
  return {
    name: 'world',
    api: 1,
    setup(host) {
      host.add(models, busy(requests, answer));
      host.add(tools, {
        name: 'look',
        description: 'gives a long text',
        inputSchema: { type: 'object' },
        run: ({ path }) => ({ content: [{ type: 'text', text: `${String(path)} `.repeat(500) }] }),
      });
    },
  };
}

function busy(requests: ModelRequest[], answer: string): Model {
  let step = 0;
  return {
    name: 'busy',
    traits: () => ({
      model: 'busy',
      window: windowTokens,
      output: 1000,
      images: false,
      tools: true,
      efforts: [],
    }),
    encode: (part) => JSON.stringify(part),
    async *stream(request) {
      requests.push(request);
      const id = crypto.randomUUID();
      const says = (text: string) =>
        ({ type: 'output', output: { type: 'assistant', id, text } }) as const;
      if (request.toolChoice === 'none') yield says(answer);
      else if (++step % stepsOfTurn === 0) yield says('done');
      else {
        yield { type: 'output', output: { type: 'reasoning', id: `r${id}`, summary: [] } };
        for (const one of ['a', 'b']) {
          const args = JSON.stringify({ path: `${one}${step % 5}` });
          yield {
            type: 'output',
            output: { type: 'call', id: one + id, call: one + id, name: 'look', args },
          };
        }
      }
      yield { type: 'done', stop: 'end' };
    },
  };
}

function check({ items, requests }: Ran): void {
  for (const { parts } of requests) {
    assert.ok(parts.reduce((sum, { text }) => sum + text.length / 4, 0) < windowTokens);
    const all = parts.map(({ part }) => part);
    const texts = all.map((part) =>
      part.type === 'fragment' ? part.text : part.type === 'user' ? textOf(part.content) : '',
    );
    assert.ok(texts.some((text) => text.includes('You are Spindle')));
    assert.ok(texts.some((text) => text.includes('never say never')));
    assert.ok(texts.includes('the first wish'));
    const calls = all.flatMap((part) => (part.type === 'call' ? [part.call] : []));
    const results = all.flatMap((part) => (part.type === 'result' ? [part.call] : []));
    assert.deepEqual(calls, results);
  }
  const last = requests
    .at(-1)!
    .parts.flatMap(({ part }) => (part.type === 'user' ? [textOf(part.content)] : []));
  assert.ok(last.includes('the third wish'));
  assert.ok(items.filter((item) => item.type === 'window').length >= 3);
}

const notices = (items: readonly Item[]) =>
  items.flatMap((item) => (item.type === 'notice' ? [item.message] : []));
const makers = (items: readonly Item[]) =>
  new Set(items.flatMap((item) => (item.type === 'window' ? [item.by] : [])));

test('prune alone keeps a thread going', async (t) => {
  const ran = await fill(t, [prune()]);
  check(ran);
  assert.deepEqual(notices(ran.items), []);
});

test('summary keeps a thread going, and each summary takes in the one before', async (t) => {
  const answer = `Task: look at things. ${'Findings: nothing so far. '.repeat(10)}`;
  const ran = await fill(t, [summary(), prune()], answer);
  check(ran);
  assert.deepEqual(notices(ran.items), []);
  assert.deepEqual(makers(ran.items), new Set(['summary']));
  for (const { parts, toolChoice } of ran.requests) {
    const summaries = parts.filter(
      ({ part }) => part.type === 'fragment' && part.plugin === 'summary',
    );
    assert.ok(summaries.length <= 1);
    if (toolChoice === 'none') assert.ok(parts.some(({ part }) => part.type === 'tools'));
  }
});

test('when the summary is empty, prune has its turn, with a notice', async (t) => {
  const ran = await fill(t, [summary(), prune()], ' ');
  check(ran);
  assert.deepEqual(makers(ran.items), new Set(['prune']));
  const told = ran.items.filter((item) => item.type === 'notice');
  assert.ok(
    told.length > 0 &&
      told.every((item) => item.plugin === 'summary' && /summary/.test(item.message)),
  );
});
