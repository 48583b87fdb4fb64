/** The longest time that a timer of Node can wait. */
export const maxTimerMs = 2 ** 31 - 1;

/**
 * What `promise` resolves to, or nothing when `ms` (absent: any time) have passed or `signal` is aborted first. Rejects
 * when `promise` does before that; later nobody is told. No timer and no listener is left.
 */
export async function within<T>(
  promise: Promise<T>,
  ms: number | undefined,
  signal: AbortSignal,
): Promise<T | undefined> {
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const giveUp = () => resolve(undefined);
  const timer = ms === undefined ? undefined : setTimeout(giveUp, Math.min(ms, maxTimerMs));
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  promise.catch(giveUp);
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}
