/** Sub-agents, through the kernel. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import {
  textOf,
  type Item,
  type QuestionItem,
  type ResultItem,
  type Tool,
} from '../../../core/index.ts';
import { openAgents, type Play } from './place.ts';

const resultsOf = (items: readonly Item[]) =>
  items.flatMap((item): ResultItem[] => (item.type === 'result' ? [item] : []));
const answerOf = (items: readonly Item[]) =>
  items.findLast((item) => item.type === 'assistant')?.text;
const task = (prompt: string, more: object = {}) => ['task', { prompt, ...more }] as const;

/** Calls these once, then says what they gave. */
const once_ =
  (...calls: readonly (readonly [string, object])[]) =>
  (results: readonly string[]) =>
    results.length === 0 ? { calls } : results.join(' | ');

const writer: Tool = {
  name: 'write',
  description: 'writes',
  inputSchema: { type: 'object' },
  run: async ({ path, text }, { effects }) => {
    await effects.write(String(path), String(text));
    return { content: [{ type: 'text', text: `wrote ${String(path)}` }] };
  },
};

test('the parent gets the answer alone; the rest is a thread of its own that is listed by its parent', async (t) => {
  const place = await openAgents(t, {
    tools: [writer],
    play: ({ said, results }) => {
      if (said === 'go') return once_(task('write a file'))(results);
      return results.length === 0
        ? { calls: [['write', { path: 'made', text: 'x' }]] }
        : 'It is there.';
    },
  });
  const items = await place.turn('go');
  assert.equal(answerOf(items), 'It is there.');
  const [result] = resultsOf(items);
  assert.deepEqual(result?.content, [{ type: 'text', text: 'It is there.' }]);
  const { thread, status, steps, tokens } = result?.detail ?? {};
  assert.deepEqual([status, steps, tokens], ['completed', 2, 200]);
  assert.equal(readFileSync(join(place.cwd, 'made'), 'utf8'), 'x');
  const { threads } = await place.client.request('thread/list', { parent: place.id });
  assert.deepEqual(
    threads.map(({ id, name }) => [id, name]),
    [[thread, 'task: write a file']],
  );
  const [first] = await place.itemsOf(String(thread));
  assert.ok(first?.type === 'thread');
  assert.deepEqual(first.parent?.thread, place.id);
  assert.equal(first.parent?.call, result?.call);
  assert.ok(!items.some((item) => item.type === 'decision'), 'its effects are its own');
  assert.ok((await place.itemsOf(String(thread))).some((item) => item.type === 'decision'));
});

test('the window of a sub-agent holds its task and nothing of the parent; it is told what it is', async (t) => {
  const place = await openAgents(t, {
    play: ({ said, results }) => (said.startsWith('secret') ? once_(task('small'))(results) : 'ok'),
  });
  await place.turn('secret plan');
  const child = place.requests.find(({ thread }) => thread !== place.id);
  const text = JSON.stringify(child?.parts);
  assert.match(text, /small/);
  assert.match(text, /You are a sub-agent/);
  assert.doesNotMatch(text, /secret/);
  const parent = JSON.stringify(place.requests[0]?.parts);
  assert.doesNotMatch(parent, /You are a sub-agent/);
});

test('tasks of one answer run side by side, and their results come in the order of the calls', async (t) => {
  const { promise: both, resolve } = Promise.withResolvers<void>();
  let running = 0;
  const place = await openAgents(t, {
    play: async ({ said, results }) => {
      if (said === 'go') return once_(task('a'), task('b'))(results);
      if (++running === 2) resolve();
      await both; // hangs for ever unless they run at the same time
      return `done ${said}`;
    },
  });
  assert.equal(answerOf(await place.turn('go')), 'done a | done b');
});

test('no more than maxAtOnce run at a time; the others wait', async (t) => {
  let running = 0;
  let most = 0;
  const place = await openAgents(t, {
    config: { maxAtOnce: 2 },
    play: async ({ said, results }) => {
      if (said === 'go')
        return once_(...['a', 'b', 'c', 'd', 'e'].map((one) => task(one)))(results);
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running -= 1;
      return said;
    },
  });
  assert.equal(answerOf(await place.turn('go')), 'a | b | c | d | e');
  assert.equal(most, 2);
});

test('a sub-agent is not offered the tool at the last depth, and one that calls it all the same is told', async (t) => {
  const place = await openAgents(t, {
    play: ({ said, results }) =>
      said === 'go' || said === 'below' ? once_(task('below'))(results) : 'never',
  });
  assert.match(answerOf(await place.turn('go')) ?? '', /there is no tool "task"/);
  const child = place.requests.find(({ thread }) => thread !== place.id);
  const offered = child?.parts.flatMap(({ part }) => (part.type === 'tools' ? part.tools : []));
  assert.deepEqual(offered, []);
});

test('sub-agents that spawn without end are stopped with an error that the model reads', async (t) => {
  const place = await openAgents(t, {
    config: { maxDepth: 1000, maxPerTurn: 5 },
    play: ({ results }) => once_(task('again'))(results),
  });
  const answer = answerOf(await place.turn('again'));
  assert.match(
    answer ?? '',
    /this turn has had 5, which is the most \(option maxPerTurn of agents\)/,
  );
  assert.equal((await place.client.request('kernel/describe', {})).threads.length >= 1, true);
  assert.equal(new Set(place.requests.map(({ thread }) => thread)).size, 6);
  assert.match(answerOf(await place.turn('again')) ?? '', /has had 5/, 'the next turn begins anew');
});

test('sub-agents below the greatest depth are refused with the depth', async (t) => {
  const place = await openAgents(t, {
    config: { maxDepth: 2 },
    play: ({ said, results }) => once_(task(`${said}>`))(results),
  });
  const answer = answerOf(await place.turn('0'));
  assert.match(answer ?? '', /there is no tool "task"/);
  assert.equal(new Set(place.requests.map(({ thread }) => thread)).size, 3);
});

test('what all sub-agents of a turn spend is bounded: the one at work is stopped, the next not started', async (t) => {
  const place = await openAgents(t, {
    config: { maxTokens: 350 },
    tools: [writer],
    play: ({ said, results }) => {
      if (said !== 'go') return { calls: [['write', { path: said, text: 'x' }]] }; // for ever
      if (results.length === 0) return { calls: [task('first')] };
      return results.length === 1 ? { calls: [task('second')] } : results.join(' | ');
    },
  });
  const items = await place.turn('go');
  const [first, second] = resultsOf(items);
  assert.equal(first?.isError, true);
  assert.match(
    textOf(first?.content ?? []),
    /have spent 400 tokens of at most 350.*do the rest yourself/,
  );
  assert.equal(first?.detail?.['tokens'], 400);
  assert.match(textOf(second?.content ?? []), /is not started: .* spent 400 tokens/);
  assert.equal(items.at(-1)?.type, 'end');
});

test("a sub-agent has what is left of its parent's own limit of tokens", async (t) => {
  const place = await openAgents(t, {
    tools: [writer],
    play: ({ said, results }) =>
      said === 'go'
        ? once_(task('endless'))(results)
        : { calls: [['write', { path: 'f', text: 'x' }]] },
  });
  const items = await place.turn('go', { limits: { tokens: 450 } });
  const [result] = resultsOf(items);
  assert.match(textOf(result?.content ?? []), /reached its limit: tokens 350/);
  assert.equal(result?.detail?.['status'], 'limit');
});

test("an interrupt of the parent ends its sub-agents' turns, and theirs", async (t) => {
  const started = new EventTarget();
  const place = await openAgents(t, {
    config: { maxDepth: 2 },
    play: ({ said, results }) => {
      if (said === 'go') return once_(task('middle'))(results);
      if (said === 'middle') return once_(task('deep'))(results);
      started.dispatchEvent(new Event('deep'));
      return { hang: true };
    },
  });
  const deep = once(started, 'deep');
  const turn = place.turn('go');
  await deep;
  await place.client.request('turn/interrupt', { thread: place.id });
  const items = await turn;
  const end = items.at(-1);
  assert.ok(end?.type === 'end' && end.status === 'interrupted');
  assert.equal(resultsOf(items)[0]?.isError, true);
  const children = new Set(place.requests.map(({ thread }) => thread));
  children.delete(place.id);
  assert.equal(children.size, 2);
  for (const child of children) {
    await closed(place.client, child);
    const last = (await place.itemsOf(child)).at(-1);
    assert.ok(last?.type === 'end' && last.status === 'interrupted', JSON.stringify(last));
  }
});

/** Resolves once a thread is not loaded any more. */
async function closed(client: Parameters<typeof closedNow>[0], thread: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  using _listener = client.listen((event) => {
    if (event.type === 'thread/closed' && event.thread === thread) resolve();
  });
  if (!(await closedNow(client, thread))) await promise;
}

async function closedNow(
  client: Awaited<ReturnType<typeof openAgents>>['client'],
  thread: string,
): Promise<boolean> {
  const { threads } = await client.request('kernel/describe', {});
  return threads.every(({ id }) => id !== thread);
}

const child = ['write', { path: 'made', text: 'x' }] as const;
const writing: Play = ({ said, results }) => once_(said === 'go' ? task('write') : child)(results);
const asks = () => ({ verdict: 'ask', reason: 'writing is asked', rule: 'r' }) as const;

test("a question of a sub-agent reaches whoever answers in the parent's thread, under the call", async (t) => {
  const place = await openAgents(t, { tools: [writer], play: writing, policy: asks });
  const questions: QuestionItem[] = [];
  const items = await place.turn('go', {
    answer: (question) => {
      questions.push(question);
      return { decision: 'once' };
    },
  });
  assert.equal(questions.length, 1);
  assert.equal(questions[0]?.call, resultsOf(items)[0]?.call);
  assert.equal(questions[0]?.question.kind, 'approval/ask');
  assert.equal(answerOf(items), 'wrote made');
  assert.ok(existsSync(join(place.cwd, 'made')));
});

test('a no, with its remark, reaches the model of the sub-agent', async (t) => {
  const place = await openAgents(t, { tools: [writer], play: writing, policy: asks });
  const items = await place.turn('go', {
    answer: () => ({ decision: 'deny', remark: 'not there' }),
  });
  assert.match(answerOf(items) ?? '', /denied: not there/);
});

test('with nobody to ask a sub-agent is denied at once with the reason, and the result tells it', async (t) => {
  const place = await openAgents(t, { tools: [writer], play: writing, policy: asks });
  const items = await place.turn('go');
  assert.match(answerOf(items) ?? '', /denied: writing is asked, and nobody is there to ask/);
  const denied = resultsOf(items)[0]?.detail?.['denied'];
  assert.ok(Array.isArray(denied) && denied.length === 1, JSON.stringify(denied));
});

test("a question that is answered in the sub-agent's own thread is done with in the parent's", async (t) => {
  const place = await openAgents(t, { tools: [writer], play: writing, policy: asks });
  const answering = async (question: QuestionItem) => {
    const { threads } = await place.client.request('kernel/describe', {});
    const below = threads.find(({ id }) => id !== place.id);
    const [open] = below?.status.questions ?? [];
    assert.deepEqual(open?.question, question.question);
    await place.client.request('question/answer', {
      thread: below?.id ?? '',
      question: open?.id ?? '',
      answer: { decision: 'once' },
    });
  };
  const items = await place.turn('go', {
    answer: (question) => {
      void answering(question);
      return undefined;
    },
  });
  assert.equal(answerOf(items), 'wrote made');
  const answers = items.flatMap((item) => (item.type === 'answer' ? [item.answer.decision] : []));
  assert.deepEqual(answers, ['once']);
});

test("a sub-agent works under its parent's settings: never wider, narrower where its role says so", async (t) => {
  const settings = { sandbox: 'workspace-write', approval: 'on-request', network: false } as const;
  const roles = {
    reader: { description: 'reads', sandbox: 'read-only' },
    wide: { description: 'wants more', sandbox: 'danger-full-access' },
    other: { description: 'thinks elsewhere', provider: 'other', effort: 'high' },
  } as const;
  const place = await openAgents(t, {
    settings: { ...settings, model: 'mine', effort: 'low' },
    config: { roles },
    play: ({ said, results }) =>
      said === 'go'
        ? once_(
            ...Object.keys(roles).map((agent) => task(agent, { agent })),
            task('plain'),
          )(results)
        : 'ok',
  });
  await place.turn('go');
  const of = (said: string) =>
    place.requests.find(
      ({ thread, parts }) => thread !== place.id && JSON.stringify(parts).includes(`"${said}"`),
    )?.settings;
  for (const said of ['reader', 'wide', 'other', 'plain']) {
    const { cwd, roots, approval, network } = of(said) ?? {};
    assert.deepEqual(
      [cwd, roots, approval, network],
      [place.cwd, [place.cwd], 'on-request', false],
    );
  }
  assert.deepEqual(
    ['reader', 'wide', 'other', 'plain'].map((said) => of(said)?.sandbox),
    ['read-only', 'workspace-write', 'workspace-write', 'workspace-write'],
  );
  assert.deepEqual([of('plain')?.model, of('plain')?.effort], ['mine', 'low']);
  assert.deepEqual(
    [of('other')?.provider, of('other')?.model, of('other')?.effort],
    ['other', undefined, 'high'],
  );
});

test('a model and a subset of the tools may be given with the call; tools beyond the role and the parent are not', async (t) => {
  const other = { ...writer, name: 'other' };
  const place = await openAgents(t, {
    tools: [writer, other],
    config: { roles: { narrow: { description: 'd', tools: ['other'] } } },
    play: ({ said, results }) =>
      said === 'go'
        ? once_(
            task('one', { model: 'small', tools: ['write'] }),
            task('two', { agent: 'narrow', tools: ['write'] }),
          )(results)
        : 'ok',
  });
  const items = await place.turn('go');
  const [one] = place.requests.filter(({ thread }) => thread !== place.id);
  assert.equal(one?.settings.model, 'small');
  const offered = one?.parts.flatMap(({ part }) => (part.type === 'tools' ? part.tools : []));
  assert.deepEqual(
    offered?.map(({ name }) => name),
    ['write'],
  );
  assert.match(
    textOf(resultsOf(items)[1]?.content ?? []),
    /none of the tools write is there for it/,
  );
});

test('an agent that is not there is refused with those that are', async (t) => {
  const place = await openAgents(t, {
    config: { roles: { reviewer: { description: 'd' } } },
    play: ({ results }) => once_(task('x', { agent: 'nobody' }))(results),
  });
  assert.match(
    answerOf(await place.turn('go')) ?? '',
    /there is no agent "nobody"; there are: reviewer/,
  );
});

test('a sub-agent whose model fails is an error with the reason, and the parent goes on', async (t) => {
  const place = await openAgents(t, {
    play: ({ said, results }) => {
      if (said !== 'go') throw new Error('the model is down');
      return once_(task('x'))(results);
    },
  });
  const items = await place.turn('go');
  assert.match(answerOf(items) ?? '', /gave no answer: the model is down/);
});

test('an empty prompt starts nothing', async (t) => {
  const place = await openAgents(t, { play: ({ results }) => once_(task('  '))(results) });
  assert.match(answerOf(await place.turn('go')) ?? '', /expected a prompt/);
  const { threads } = await place.client.request('thread/list', { parent: place.id });
  assert.deepEqual(threads, []);
});

test("what a sub-agent does shows in the parent's call while it works", async (t) => {
  const place = await openAgents(t, { tools: [writer], play: writing });
  const { last } = await place.client.request('thread/read', { thread: place.id, limit: 0 });
  using events = place.client.subscribe({ thread: place.id, after: last });
  void place.turn('go');
  let text = '';
  for await (const event of events) {
    if (event.type === 'item/delta' && event.kind === 'output') text += event.text;
    if (event.type === 'item/appended' && event.item.type === 'end') break;
  }
  assert.match(text, /^thread [0-9a-f-]{36}\nwrite made x\n/);
});
