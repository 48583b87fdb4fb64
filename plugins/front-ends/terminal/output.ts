/** The program's own output streams, written without losing, flooding or waiting for ever. */

import type { Writable } from 'node:stream';

/** How long a reader that takes nothing is waited for once the signal is aborted. */
const graceMs = 500;

/** A stream that one front end writes to. Disposing it waits until everything is written. */
export interface Output extends AsyncDisposable {
  /** Resolves when there is room for more; at once when the reader has gone or the signal is aborted. */
  readonly write: (text: string) => Promise<void>;
  /** Aborted when nothing more can be written; the reason is the stream's error, code EPIPE when the reader left. */
  readonly gone: AbortSignal;
  /** Waits until everything is written, the reader has gone, or half a second after the signal is aborted. */
  readonly flush: () => Promise<void>;
}

/** Takes a stream over until disposed. */
export function openOutput(stream: Writable, signal: AbortSignal): Output {
  const gone = new AbortController();
  const onError = (error: unknown) => gone.abort(error);
  stream.on('error', onError);
  let isGivenUp = false;
  const flush = async () => {
    if (isGivenUp) return;
    await flushed(stream, { gone: gone.signal, signal });
    isGivenUp = signal.aborted && stream.writableLength > 0;
  };
  return {
    gone: gone.signal,
    flush,
    write: async (text) => {
      if (gone.signal.aborted || text === '') return;
      if (stream.write(text) || signal.aborted) return;
      await firstOf([signal, gone.signal], (done) => {
        stream.once('drain', done);
        return () => stream.off('drain', done);
      });
    },
    [Symbol.asyncDispose]: async () => {
      await flush();
      stream.off('error', onError);
      // What is still to be written may fail yet, and would end the process.
      if (stream.writableLength > 0) stream.on('error', () => {});
    },
  };
}

async function flushed(
  stream: Writable,
  { gone, signal }: { readonly gone: AbortSignal; readonly signal: AbortSignal },
): Promise<void> {
  if (gone.aborted) return;
  let timer: NodeJS.Timeout | undefined;
  await firstOf([gone], (done) => {
    stream.write('', done);
    const giveUp = () => (timer = setTimeout(done, graceMs));
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
    return () => signal.removeEventListener('abort', giveUp);
  });
  clearTimeout(timer);
}

/** Resolves when `start` calls `done` or a signal is aborted; what `start` gives is then called. */
async function firstOf(
  signals: readonly AbortSignal[],
  start: (done: () => void) => () => void,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => resolve();
  for (const signal of signals) signal.addEventListener('abort', done, { once: true });
  const stop = start(done);
  if (signals.some(({ aborted }) => aborted)) done();
  await promise;
  stop();
  for (const signal of signals) signal.removeEventListener('abort', done);
}
