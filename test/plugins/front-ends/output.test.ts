import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { test } from 'node:test';

import { openOutput } from '../../../plugins/front-ends/terminal/output.ts';

/** A stream whose reader takes what was written only when told to. */
function slowStream() {
  const waiting: (() => void)[] = [];
  const seen: string[] = [];
  const stream = new Writable({
    highWaterMark: 4,
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      seen.push(chunk);
      waiting.push(done);
    },
  });
  return { stream, seen, take: () => waiting.shift()?.() };
}

const never = () => new AbortController().signal;

test('a write waits until there is room for more', async () => {
  const { stream, seen, take } = slowStream();
  const output = openOutput(stream, never());
  await output.write('abc');
  const second = output.write('de');
  const order: string[] = [];
  const written = second.then(() => order.push('written'));
  const taken = once(stream, 'drain').then(() => order.push('drained'));
  take();
  take();
  take();
  await Promise.all([written, taken]);
  assert.deepEqual(seen, ['abc', 'de']);
});

test('after an abort no write waits any more, but what was written is flushed for half a second', async () => {
  const { stream, seen } = slowStream();
  const controller = new AbortController();
  const output = openOutput(stream, controller.signal);
  const blocked = output.write('a long text');
  controller.abort('SIGTERM');
  await blocked;
  await output.write('more');
  const started = performance.now();
  await output[Symbol.asyncDispose]();
  const waited = performance.now() - started;
  assert.ok(waited > 400 && waited < 3000, `waited ${waited} ms`);
  assert.deepEqual(seen, ['a long text']);
});

test('an abort while flushing ends it as well', async () => {
  const { stream } = slowStream();
  const controller = new AbortController();
  const output = openOutput(stream, controller.signal);
  await output.write('abc');
  const flushed = output.flush();
  controller.abort('SIGTERM');
  await flushed;
});

test('a reader that has gone is told by the signal, and further writes are dropped', async () => {
  const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(gone) });
  const output = openOutput(stream, never());
  await output.write('one');
  if (!output.gone.aborted) await once(output.gone, 'abort');
  assert.equal(output.gone.reason, gone);
  await output.write('two');
  await output.flush();
});

test('disposing leaves no listener on the stream', async () => {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done() });
  const before = stream.eventNames();
  const output = openOutput(stream, never());
  await output.write('text');
  await output[Symbol.asyncDispose]();
  assert.deepEqual(stream.eventNames(), before);
});
