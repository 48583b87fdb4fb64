import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import scripted, {
  options,
  type ScriptedOptions,
  type ScriptedStep,
} from '../../../plugins/models/scripted.ts';
import { modelContract } from '../../contracts/models.ts';
import {
  openModel,
  openModelThread,
  type ModelThread,
  type TurnRecord,
} from '../../contracts/model-thread.ts';

function open(t: TestContext, config: ScriptedOptions): Promise<ModelThread> {
  return openModelThread(t, { plugins: [scripted(config)], settings: { provider: 'scripted' } });
}

const said = ({ items }: TurnRecord) =>
  items.flatMap((item) => (item.type === 'assistant' ? [item.text] : []));
const called = ({ items }: TurnRecord) =>
  items.flatMap((item) => (item.type === 'call' ? [[item.name, item.args]] : []));

test('its steps are played in order over the turns of a thread, then it says its closing text', async (t) => {
  const thread = await open(t, {
    steps: [
      { reasoning: 'Let me see', text: 'I look', calls: [{ name: 'echo', args: { text: 'a' } }] },
      { text: 'Found it' },
      { text: 'Second turn' },
    ],
    closing: 'No more',
  });
  const first = await thread.turn('go');
  assert.deepEqual(
    first.items.map(({ type }) => type),
    'turn refs tools user reasoning assistant call step result assistant step end'.split(' '),
  );
  assert.deepEqual(said(first), ['I look', 'Found it']);
  assert.deepEqual(called(first), [['echo', '{"text":"a"}']]);
  assert.deepEqual(said(await thread.turn('on')), ['Second turn']);
  assert.deepEqual(said(await thread.turn('on')), ['No more']);
});

test('each thread plays the script from its start', async (t) => {
  const thread = await open(t, { steps: [{ text: 'one' }] });
  assert.deepEqual(said(await thread.turn('go')), ['one']);
  const { id } = await thread.client.request('thread/start', { ephemeral: true });
  using events = thread.client.subscribe({ thread: id });
  await thread.client.request('turn/start', { thread: id, input: [{ type: 'text', text: 'go' }] });
  for await (const event of events) {
    if (event.type !== 'item/appended' || event.item.type !== 'assistant') continue;
    assert.equal(event.item.text, 'one');
    break;
  }
});

test('texts come in as many pieces as it is told, after the wait that it is told', async (t) => {
  const thread = await open(t, { steps: [{ text: 'abcdef' }], deltas: 3, delayMs: 20 });
  const pieces = new Set<string>();
  const { items } = await thread.turn('go', {
    see: (event) => {
      if (event.type === 'item/delta') pieces.add(event.text);
    },
  });
  assert.deepEqual([...pieces], ['ab', 'cd', 'ef']);
  const step = items.find((item) => item.type === 'step');
  assert.ok(step!.durationMs >= 50, `expected three waits of 20 ms, took ${step!.durationMs}`);
});

test('an interrupt ends its wait at once', async (t) => {
  const thread = await open(t, { steps: [{ text: 'abc' }], delayMs: 60_000 });
  const { end } = await thread.turn('go', {
    see: (event) => {
      if (event.type === 'item/appended' && event.item.type === 'user')
        void thread.client.request('turn/interrupt', { thread: thread.id });
    },
  });
  assert.equal(end.status, 'interrupted');
});

test('a step that expects what the results do not say fails the turn, quoting them', async (t) => {
  const steps = [
    { calls: [{ name: 'echo', args: { text: '1 failed' } }] },
    { expect: 'pass', text: 'It passes!' },
  ];
  const thread = await open(t, { steps });
  const turn = await thread.turn('go');
  assert.equal(turn.end.status, 'failed');
  assert.equal(turn.end.error?.code, 'model_answer');
  assert.match(turn.end.error.message, /\/pass\/, but they were: 1 failed/u);
  assert.deepEqual(said(turn), []);
});

test('what an expectation captures fills the texts and arguments that follow', async (t) => {
  const thread = await open(t, {
    steps: [
      { calls: [{ name: 'echo', args: { text: 'process p7' } }] },
      { expect: 'process (?<id>\\w+)', calls: [{ name: 'echo', args: { text: '{{id}}' } }] },
      { expect: '^p7$', text: 'It was {{id}} of {{unknown}}' },
    ],
  });
  const turn = await thread.turn('go');
  assert.deepEqual(called(turn)[1], ['echo', '{"text":"p7"}']);
  assert.deepEqual(said(turn), ['It was p7 of {{unknown}}']);
});

test('a step with `when` waits for its word, one with `again` is never used up', async (t) => {
  const thread = await open(t, {
    steps: [
      { when: 'second', text: 'Now' },
      { again: true, text: 'Always' },
    ],
  });
  assert.deepEqual(said(await thread.turn('first')), ['Always']);
  assert.deepEqual(said(await thread.turn('the second')), ['Now']);
  assert.deepEqual(said(await thread.turn('the second')), ['Always']);
});

test('an answer that is cut or in error takes its step and gives no output', async (t) => {
  const error = { code: 'model_busy', message: 'too many', status: 429 } as const;
  const thread = await open(t, {
    steps: [{ text: 'half', cut: true }, { text: 'wrong', error }, { text: 'right' }],
  });
  const cut = await thread.turn('go');
  assert.equal(cut.end.error?.code, 'model_busy');
  assert.deepEqual(said(cut), []);
  const failed = await thread.turn('go');
  assert.deepEqual([failed.end.error?.code, failed.end.error?.message], ['model_busy', 'too many']);
  assert.deepEqual(said(await thread.turn('go')), ['right']);
});

test('arguments given as a string go out as they are, and a call id as it is given', async (t) => {
  const thread = await open(t, {
    steps: [{ calls: [{ name: 'echo', args: '{"text": ', id: 'mine' }] }, { text: 'done' }],
  });
  const turn = await thread.turn('go');
  const result = turn.items.find((item) => item.type === 'result');
  assert.deepEqual(called(turn), [['echo', '{"text": ']]);
  assert.deepEqual([result?.call, result?.isError], ['mine', true]);
});

test('what must not call, such as a compaction, gets its aside and takes no step', async (t) => {
  const { stream } = await openModel(t, scripted({ steps: [{ text: 'one' }], aside: 'In short' }));
  const ask = async (toolChoice: 'auto' | 'none') => {
    const events = await Array.fromAsync(stream([], { toolChoice }));
    return events.flatMap((event) =>
      event.type === 'output' && event.output.type === 'assistant' ? [event.output.text] : [],
    );
  };
  assert.deepEqual(await ask('none'), ['In short']);
  assert.deepEqual(await ask('auto'), ['one']);
});

test('its options are checked', async () => {
  const schema = await options();
  const good = { steps: [{ text: 'a', calls: [{ name: 'x' }] }], traits: { window: 10 } };
  assert.deepEqual(schema.parse(good), good);
  assert.equal(schema.safeParse({ steps: [{ say: 'a' }] }).success, false);
});

modelContract('scripted', async (_, answers) => {
  const steps = answers.map(({ end, ...answer }): ScriptedStep => {
    if (end === 'length' || end === 'filter') return { ...answer, stop: end };
    return { ...answer, cut: end === 'cut' };
  });
  const isHeld = answers.some(({ end }) => end === 'hold');
  const pace = isHeld ? { deltas: 100, delayMs: 50 } : {};
  return { plugin: scripted({ steps, ...pace }), provider: 'scripted' };
});
