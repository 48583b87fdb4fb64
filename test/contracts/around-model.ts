/** What every wrapper around the model must do; each implementation runs this suite. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type {
  AroundModel,
  Effects,
  ModelContext,
  ModelEvent,
  ModelRequest,
  Plugin,
} from '../../core/index.ts';
import { valuesOf } from './collect.ts';
import { sampleSettings } from './sample-items.ts';

/** What one attempt does, event by event. */
export type Attempt = (request: ModelRequest, context: ModelContext) => AsyncIterable<ModelEvent>;

export interface Call {
  readonly events: readonly ModelEvent[];
  readonly error: unknown;
  readonly notices: readonly string[];
  readonly attempts: number;
  readonly tookMs: number;
}

export const request: ModelRequest = {
  thread: 't',
  settings: sampleSettings,
  parts: [],
  toolChoice: 'auto',
};

export const text = (id: string): ModelEvent => ({
  type: 'output',
  output: { type: 'assistant', id, text: id },
});
export const delta = (id: string): ModelEvent => ({ type: 'delta', kind: 'text', id, text: id });
export const done: ModelEvent = { type: 'done', stop: 'end' };

/** Calls a model through the wrapper; the last attempt serves for all further ones. */
export async function callThrough(
  wrapper: AroundModel,
  attempts: readonly Attempt[],
  signal: AbortSignal = new AbortController().signal,
): Promise<Call> {
  const notices: string[] = [];
  const events: ModelEvent[] = [];
  let count = 0;
  let error: unknown;
  const started = performance.now();
  const notice = (_level: string, message: string) => void notices.push(message);
  const next: Parameters<AroundModel>[2] = (asked, context) => {
    const attempt = attempts[Math.min(count++, attempts.length - 1)];
    assert.ok(attempt !== undefined);
    return attempt(asked, context);
  };
  // No wrapper has effects to make in these tests.
  const effects = {} as Effects;
  try {
    for await (const event of wrapper(request, { signal, effects, notice }, next))
      events.push(event);
  } catch (thrown) {
    error = thrown;
  }
  return { events, error, notices, attempts: count, tookMs: performance.now() - started };
}

/** The one wrapper that a plugin adds. */
export async function wrapperOf(plugin: Plugin): Promise<AroundModel> {
  const [wrapper, ...more] = (await valuesOf(plugin)).aroundModel ?? [];
  assert.deepEqual(more, []);
  return wrapper as AroundModel;
}

export function aroundModelContract(name: string, plugin: () => Plugin): void {
  test(`${name}: a good answer passes as it is, after one call with the same request`, async () => {
    const wrapper = await wrapperOf(plugin());
    const answer = [delta('a'), delta('a'), text('a'), done];
    let seen: ModelRequest | undefined;
    const call = await callThrough(wrapper, [
      async function* (asked) {
        seen = asked;
        yield* answer;
      },
    ]);
    assert.deepEqual(call.events, answer);
    assert.equal(call.attempts, 1);
    assert.deepEqual(call.notices, []);
    assert.equal(call.error, undefined);
    assert.deepEqual(seen, request);
  });

  test(`${name}: an event goes through before the next one is there`, async () => {
    const wrapper = await wrapperOf(plugin());
    let taken = 0;
    const next = async function* () {
      for (const event of [delta('a'), delta('b'), done]) {
        yield event;
        taken++;
      }
    };
    const context = { signal: AbortSignal.abort(), effects: {} as Effects, notice: () => {} };
    const stream = wrapper(request, { ...context, signal: new AbortController().signal }, next);
    const iterator = stream[Symbol.asyncIterator]();
    assert.deepEqual((await iterator.next()).value, delta('a'));
    assert.equal(taken, 0);
    await iterator.return?.();
  });

  test(`${name}: who leaves early ends the model's stream as well`, async () => {
    const wrapper = await wrapperOf(plugin());
    let isClosed = false;
    const next = async function* () {
      try {
        for (;;) yield delta('a');
      } finally {
        isClosed = true;
      }
    };
    const context = {
      signal: new AbortController().signal,
      effects: {} as Effects,
      notice: () => {},
    };
    for await (const event of wrapper(request, context, next)) {
      assert.deepEqual(event, delta('a'));
      break;
    }
    assert.equal(isClosed, true);
  });

  test(`${name}: an error that nothing mends comes out as it is, at once`, async () => {
    const wrapper = await wrapperOf(plugin());
    const failure = new Error('a defect');
    const call = await callThrough(wrapper, [
      async function* () {
        yield delta('a');
        throw failure;
      },
    ]);
    assert.equal(call.error, failure);
    assert.equal(call.attempts, 1);
    assert.deepEqual(call.events, [delta('a')]);
  });
}
