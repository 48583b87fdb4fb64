/** Waiting that ends: with an abort, or after a limit. */

import { aborted, KernelError } from './errors.ts';

/** `graceMs`: how long after an abort the promise's own end is still waited for. `what` is named in the error. */
export type Bounds = { what: string; signal?: AbortSignal; limitMs?: number; graceMs?: number };

/** The promise's own end, or `aborted`, or `timeout`, whichever comes first. What comes later is dropped. */
export async function within<T>(promise: Promise<T> | T, bounds: Bounds): Promise<T> {
  const { signal, limitMs, graceMs = 0, what } = bounds;
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const late = new KernelError('timeout', `${what} took longer than ${limitMs} ms`);
  const timers = limitMs === undefined ? [] : [setTimeout(reject, limitMs, late)];
  const onAbort = () =>
    void timers.push(setTimeout(reject, graceMs, aborted`${what} was interrupted`));
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    return await Promise.race([promise, ended]);
  } finally {
    timers.forEach(clearTimeout);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** A stream that ends with `aborted` when the signal does, even if it hangs. One listener serves all of it. */
export async function* untilAborted<T>(
  stream: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const iterator = stream[Symbol.asyncIterator]();
  let abort = () => {};
  const onAbort = () => abort();
  signal.addEventListener('abort', onAbort);
  try {
    for (;;) {
      const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<T>>();
      abort = () => reject(aborted`the answer was interrupted`);
      if (signal.aborted) abort();
      iterator.next().then(resolve, reject);
      const result = await promise;
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    Promise.resolve(iterator.return?.()).catch(() => {});
  }
}
