/** Model plugins in front of the stand-in server: what their tests share. */

import type { TestContext } from 'node:test';

import type { Answer, ModelServer, ModelServerOptions } from '../fixtures/model-server.ts';
import { startModelServer } from '../fixtures/model-server.ts';
import type { ModelAnswer } from './models.ts';

/** Starts the stand-in; closed after the test. */
export async function serve(
  t: TestContext,
  options: ModelServerOptions | readonly Answer[],
): Promise<ModelServer> {
  const server = await startModelServer('script' in options ? options : { script: options });
  t.after(() => server.close());
  return server;
}

/** An answer of the contract suite as the stand-in gives it. */
export function servedAnswer({ reasoning, text, calls = [], end }: ModelAnswer): Answer {
  const parts = [
    ...(reasoning === undefined ? [] : [{ reasoning, deltas: 4 }]),
    ...(text === undefined ? [] : [{ text, deltas: 4 }]),
    ...calls.map(({ name, ...call }) => ({ call: name, ...call })),
  ];
  if (end === 'length') return { parts, end: 'incomplete' };
  if (end === 'filter') return { parts, end: 'incomplete', reason: 'content_filter' };
  if (end === 'cut') return { parts, end: 'none' };
  // Events before the deltas of a text: two of Responses for the answer and two for its message, one of Chat.
  return end === 'hold' ? { parts, holdAfter: 5 } : { parts };
}
