/** Waiting for a server that others wait for too. */

import { aborted } from '../../core/index.ts';

/** The work's own end, or `aborted` with the signal; the work goes on. */
export async function orAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  name: string,
): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(aborted`waiting for MCP server ${name} was interrupted`);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
