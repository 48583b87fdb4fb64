/** Waiting that ends: with an abort, or after a limit. */

import { addAbortListener } from 'node:events';

import { aborted, KernelError } from './errors.ts';

/** `graceMs`: how long after an abort the promise's own end is still waited for. `what` is named in the error. */
export type Bounds = { what: string; signal?: AbortSignal; limitMs?: number; graceMs?: number };

/** Milliseconds since a `performance.now()`. */
export const since = (started: number) => Math.round(performance.now() - started);

/** The promise's own end, or `aborted`, or `timeout`, whichever comes first. What comes later is dropped. */
export async function within<T>(promise: Promise<T> | T, bounds: Bounds): Promise<T> {
  const { signal, limitMs, graceMs = 0, what } = bounds;
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const onLate = () => reject(new KernelError('timeout', `${what} took longer than ${limitMs} ms`));
  const onGrace = () => reject(aborted`${what} was interrupted`);
  using timers = new DisposableStack();
  if (limitMs !== undefined) timers.use(setTimeout(onLate, limitMs));
  const onAbort = () => timers.use(setTimeout(onGrace, graceMs));
  using _listener = signal && addAbortListener(signal, onAbort);
  return await Promise.race([promise, ended]);
}

/** A stream that ends when the signal does, even if it hangs: with what the signal was aborted with, or `aborted`. */
export async function* untilAborted<T>(stream: AsyncIterable<T>, signal: AbortSignal) {
  const iterator = stream[Symbol.asyncIterator]();
  let stop: ((why: Error) => void) | undefined;
  using _listener = addAbortListener(signal, () => stop?.(aborted`the answer was interrupted`));
  try {
    for (;;) {
      signal.throwIfAborted();
      const stopped = new Promise<never>((_, reject) => (stop = reject)); // one for all would hold each race
      const result = await Promise.race([iterator.next(), stopped]);
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    Promise.resolve(iterator.return?.()).catch(() => {});
  }
}
