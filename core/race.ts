/** Waiting that ends: with an abort, or after a limit. */

import { KernelError } from './errors.ts';

export interface Bounds {
  readonly signal?: AbortSignal | undefined;
  readonly limitMs?: number;
  /** How long after an abort the promise's own end is still waited for. */
  readonly graceMs?: number;
  /** Named in the error. */
  readonly what: string;
}

/** The promise's own end, or `aborted`, or `timeout`, whichever comes first. What comes later is dropped. */
export async function within<T>(promise: Promise<T> | T, bounds: Bounds): Promise<T> {
  const { signal, limitMs, graceMs = 0, what } = bounds;
  const { promise: ended, reject } = Promise.withResolvers<never>();
  let grace: NodeJS.Timeout | undefined;
  const giveUp = () => reject(new KernelError('aborted', `${what} was interrupted`));
  const onAbort = () => {
    if (graceMs === 0) giveUp();
    else grace = setTimeout(giveUp, graceMs);
  };
  const onLimit = () =>
    reject(new KernelError('timeout', `${what} took longer than ${limitMs} ms`));
  const timer = limitMs === undefined ? undefined : setTimeout(onLimit, limitMs);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    return await Promise.race([promise, ended]);
  } finally {
    clearTimeout(timer);
    clearTimeout(grace);
    signal?.removeEventListener('abort', onAbort);
  }
}

/**
 * The values of a stream until it ends or the signal aborts (`aborted`), even when the stream itself hangs. One listener
 * serves the whole stream. The stream is returned when we leave it, without waiting for it.
 */
export async function* untilAborted<T>(
  stream: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const iterator = stream[Symbol.asyncIterator]();
  let abort: (() => void) | undefined;
  const onAbort = () => abort?.();
  signal.addEventListener('abort', onAbort);
  try {
    for (;;) {
      const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<T>>();
      abort = () => reject(new KernelError('aborted', 'the answer was interrupted'));
      if (signal.aborted) abort();
      iterator.next().then(resolve, reject);
      const result = await promise;
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}
