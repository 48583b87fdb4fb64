/** What every model must do; each implementation runs this suite, alone and through the kernel. */

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { isPart } from '../../core/index.ts';
import type { ModelEvent, Output, Part, Plugin } from '../../core/index.ts';
import { openModel, openModelThread, type ModelThread, type TurnRecord } from './model-thread.ts';
import { sampleSettings, sampleThread } from './sample-items.ts';

/** One answer, in words that every kind of model can be made to say. */
export interface ModelAnswer {
  readonly reasoning?: string;
  readonly text?: string;
  readonly calls?: readonly {
    readonly name: string;
    readonly args: unknown;
    readonly id?: string;
  }[];
  /** `cut`: its end never comes and the stream ends. `hold`: it stops in the middle and says nothing more. */
  readonly end?: 'length' | 'filter' | 'cut' | 'hold';
}

/** A plugin whose one model, `provider`, gives these answers in order. What it needs ends with the test. */
export type MakeModel = (
  t: TestContext,
  answers: readonly ModelAnswer[],
) => Promise<{ readonly plugin: Plugin; readonly provider: string }>;

export function modelContract(name: string, make: MakeModel): void {
  const lone = async (t: TestContext, answers: readonly ModelAnswer[]) =>
    openModel(t, (await make(t, answers)).plugin);
  const open = async (t: TestContext, answers: readonly ModelAnswer[]): Promise<ModelThread> => {
    const { plugin, provider } = await make(t, answers);
    return openModelThread(t, { plugins: [plugin], settings: { provider, model: 'm' } });
  };

  test(`${name}: deltas show piece by piece what the outputs hold, and one done ends them`, async (t) => {
    const calls = [
      { name: 'echo', args: { text: 'é' } },
      { name: 'break', args: {} },
    ];
    const answer = { reasoning: 'Let me think 🙂', text: 'Two calls', calls };
    const { stream } = await lone(t, [answer]);
    const events = await Array.fromAsync(stream([], inUse));
    assert.deepEqual(outputsOf(events).map(shownOf), [
      'Let me think 🙂',
      'Two calls',
      '{"text":"é"}',
      '{}',
    ]);
    for (const output of outputsOf(events))
      assert.equal(deltasOf(events, output.id), shownOf(output));
    const ids = new Set(outputsOf(events).map(({ id }) => id));
    assert.equal(ids.size, 4);
    for (const event of events) if (event.type === 'delta') assert.ok(ids.has(event.id));
    const done = events.filter(({ type }) => type === 'done');
    assert.equal(done.length, 1);
    assert.equal(events.at(-1), done[0]);
    assert.partialDeepStrictEqual(done[0], { stop: 'end' });
    assert.deepEqual(events, JSON.parse(JSON.stringify(events)));
  });

  test(`${name}: a turn goes on until nothing is called, and every step tells its usage`, async (t) => {
    const calls = ['a', 'b', 'c'].map((text) => ({ name: 'echo', args: { text } }));
    const thread = await open(t, [{ calls }, { text: 'Done' }]);
    const { items, end } = await thread.turn('go');
    assert.deepEqual(end.error, undefined);
    const results = items.filter((item) => item.type === 'result');
    assert.deepEqual(
      results.map(({ content }) => content),
      ['a', 'b', 'c'].map((text) => [{ type: 'text', text }]),
    );
    const steps = items.filter((item) => item.type === 'step');
    assert.equal(steps.length, 2);
    for (const { usage } of steps) assert.ok(usage!.input > 0 && usage!.output > 0);
    assert.equal(textOf({ items }), 'Done');
  });

  test(`${name}: unknown tools, broken arguments and repeated call ids are answered, not fatal`, async (t) => {
    const calls = [
      { name: 'nothing', args: {}, id: 'same' },
      { name: 'echo', args: '{"text": "a', id: 'same' },
      { name: 'echo', args: { text: 'b' }, id: 'same' },
    ];
    const thread = await open(t, [{ calls }, { text: 'I see' }]);
    const { items, end } = await thread.turn('go');
    assert.equal(end.error, undefined);
    const results = items.filter((item) => item.type === 'result');
    assert.equal(new Set(results.map(({ call }) => call)).size, 3);
    assert.deepEqual(
      results.map(({ isError }) => isError),
      [true, true, false],
    );
    assert.deepEqual((await thread.turn('and now?')).end.error?.code, exhausted(name));
  });

  test(`${name}: an answer that says nothing fails its turn alone`, async (t) => {
    const thread = await open(t, [{}, { text: 'Here I am' }]);
    assert.equal((await thread.turn('go')).end.error?.code, 'model_answer');
    assert.equal(textOf(await thread.turn('again')), 'Here I am');
  });

  test(`${name}: an answer that is cut leaves nothing but a failed turn`, async (t) => {
    const answers = [{ text: 'Half of', end: 'cut' }, { text: 'Whole' }] as const;
    const thread = await open(t, answers);
    const { items, end } = await thread.turn('go');
    assert.equal(end.error?.code, 'model_busy');
    assert.equal(textOf({ items }), '');
    assert.equal(textOf(await thread.turn('again')), 'Whole');
  });

  test(`${name}: an answer that was too long or filtered says so`, async (t) => {
    for (const end of ['length', 'filter'] as const) {
      const { items } = await (await open(t, [{ text: 'Some', end }])).turn('go');
      assert.equal(items.find((item) => item.type === 'step')?.stop, end);
      assert.equal(textOf({ items }), 'Some');
    }
  });

  test(`${name}: an interrupt ends an answer at once`, async (t) => {
    const thread = await open(t, [{ text: 'Half of it', end: 'hold' }]);
    let interruptedMs = 0;
    const interrupt = () => {
      interruptedMs = performance.now();
      void thread.client.request('turn/interrupt', { thread: thread.id });
    };
    const { end } = await thread.turn('go', {
      see: (event) => {
        if (event.type === 'item/delta' && interruptedMs === 0) interrupt();
      },
    });
    assert.equal(end.status, 'interrupted');
    const tookMs = performance.now() - interruptedMs;
    assert.ok(tookMs < 1000, `expected the end within a second, took ${tookMs} ms`);
  });

  test(`${name}: every part has an encoding, the same each time`, async (t) => {
    const { model } = await lone(t, []);
    const parts = sampleThread('one').filter(isPart);
    assert.ok(parts.length > 7);
    for (const part of parts) {
      const text = model.encode(part);
      const copy = JSON.parse(JSON.stringify(part)) as Part; // a copy of a part
      assert.equal(model.encode(copy), text);
      const moved = { ...copy, n: part.n + 7, at: part.at + 7, turn: 'other' };
      assert.equal(model.encode(moved), text);
    }
  });

  test(`${name}: its traits are those of the model that the settings name`, async (t) => {
    const { model } = await lone(t, []);
    const traits = model.traits({ ...sampleSettings, model: 'some-model' });
    assert.equal(traits.model, 'some-model');
    assert.ok(traits.window > traits.output && traits.output > 0);
    assert.equal(traits.tools, true);
  });
}

const inUse = { settings: { ...sampleSettings, model: 'm' } };

/** How a turn fails when no answer is left: a server says no, a script has a closing text. */
function exhausted(name: string): string | undefined {
  return name === 'scripted' ? undefined : 'model_refused';
}

function textOf({ items }: Pick<TurnRecord, 'items'>): string {
  return items.flatMap((item) => (item.type === 'assistant' ? [item.text] : [])).join('|');
}

function outputsOf(events: readonly ModelEvent[]): readonly Output[] {
  return events.flatMap((event) => (event.type === 'output' ? [event.output] : []));
}

function deltasOf(events: readonly ModelEvent[], id: string): string {
  return events
    .flatMap((event) => (event.type === 'delta' && event.id === id ? [event.text] : []))
    .join('');
}

function shownOf(output: Output): string {
  if (output.type === 'assistant') return output.text;
  if (output.type === 'call') return output.args;
  if (output.type === 'hosted') return output.summary;
  return output.text ?? output.summary.join('\n\n');
}
