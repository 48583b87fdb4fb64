/** Scales one image in a thread of its own, which ends with it: decoding takes a second, and memory that is not given back. */

import { Worker } from 'node:worker_threads';

import { KernelError } from '../../../core/index.ts';
import type { Size } from './header.ts';

/** An image, and what it must fit into: its longer side, its bytes. */
export interface ScaleJob {
  readonly data: Uint8Array;
  readonly mimeType: string;
  readonly size: Size;
  readonly edge: number;
  readonly bytes: number;
}

/** A PNG or JPEG with the same aspect. */
export type Scaled = Size & Readonly<{ data: Uint8Array; mimeType: 'image/png' | 'image/jpeg' }>;

const limitMs = 20_000;

/** Beside this module: as a source, and as the build makes it. */
function workerFile(): URL {
  const end = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./image-worker.${end}`, import.meta.url);
}

/** Rejects for an image that cannot be read or made to fit, when it takes too long, and on abort. */
export async function scaleImage(job: ScaleJob, signal: AbortSignal): Promise<Scaled> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Scaled>();
  // A decoder that meets a broken image tells the console before it gives up.
  const worker = new Worker(workerFile(), { workerData: job, stdout: true, stderr: true });
  const ending = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  const onAbort = () => reject(new KernelError('timeout', `it took longer than ${limitMs} ms`));
  ending.addEventListener('abort', onAbort, { once: true });
  worker.once('message', resolve).once('error', (error) => reject(meaning(error)));
  worker.once('exit', () => reject(meaning(undefined)));
  try {
    return await promise;
  } finally {
    ending.removeEventListener('abort', onAbort);
    await worker.terminate();
    signal.throwIfAborted();
  }
}

/** A decoder that gives up traps (`RuntimeError`), or ends the worker. */
function meaning(error: Error | undefined): Error {
  if (error !== undefined && error.name !== 'RuntimeError') return error;
  return new KernelError('invalid', 'it is broken, or of a kind that is not known');
}
