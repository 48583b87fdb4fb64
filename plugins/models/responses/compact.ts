/** The compaction that a host of the Responses API offers (openai 7.57, `responses.compact`). */

import type { ResponseOutputItem } from 'openai/resources/responses/responses';

import { ModelError } from '../../../core/index.ts';
import type { EncodedPart, ModelContext, Opaque } from '../../../core/index.ts';
import { parseData } from '../wire/answer.ts';
import type { Question } from '../wire/client.ts';
import { exchange } from '../wire/exchange.ts';
import { joinArray, joinObject } from '../wire/json.ts';
import { isSystem, systemText } from './body.ts';

/** The answer comes when all is done. */
const minHeadersMs = 300_000;

export interface CompactOptions {
  /** Without path and body. */
  readonly question: Omit<Question, 'path' | 'body'>;
  readonly thread: string;
  /** Names what of the answer is ours. */
  readonly origin: string;
}

/** What the host made of these parts, without the user's words, which stay in the window. Throws ModelError. */
export async function compactParts(
  parts: readonly EncodedPart[],
  { question, thread, origin }: CompactOptions,
  context: ModelContext,
): Promise<Opaque> {
  const { options, model, endpoint } = question;
  const input = parts.filter((one) => one.part.type !== 'tools' && !isSystem(one));
  const body = joinObject({
    model: JSON.stringify(model),
    prompt_cache_key: JSON.stringify(thread),
    instructions: systemText(parts),
    input: joinArray(input.map(({ text }) => text)),
  });
  const patience = Math.max(options.headersTimeoutMs ?? 0, minHeadersMs);
  const asking = { ...question, options: { ...options, headersTimeoutMs: patience } };
  for await (const events of exchange({ ...asking, path: '/responses/compact', body }, context)) {
    const [event] = events;
    const answer = event === undefined ? {} : parseData(event);
    const { output = [] } = answer as { readonly output?: readonly ResponseOutputItem[] }; // the server's word
    const sealed = output.filter((item) => item.type !== 'message');
    if (sealed.length > 0) return { provider: origin, data: sealed };
  }
  const message = `expected a compaction from ${endpoint.host}, but its answer has none`;
  throw new ModelError('model_answer', message);
}
