/** One question to a model server over the openai client, and its answer as server-sent events. */

import { ModelError } from '../../../core/index.ts';
import type { ModelContext } from '../../../core/index.ts';
import { doneMark } from './answer.ts';
import { type Answer, Exchange, type Question, readText } from './client.ts';
import { oneLine } from './failure.ts';
import { SseParser, type SseEvent } from './sse.ts';

/** How long the end of a body is waited for once the answer is complete, so that its connection can be used again. */
const endMs = 100;
const maxPageBytes = 64 * 1024;
const maxJsonBytes = 32 * 1024 * 1024;

/**
 * Asks, and gives the events of each read together. Ends with the answer, or when the consumer stops. Throws ModelError,
 * `denied` of the gate, or `aborted`; nothing is tried again.
 */
export async function* exchange(
  question: Question,
  context: ModelContext,
): AsyncGenerator<readonly SseEvent[], void, undefined> {
  using sent = new Exchange(question, context);
  try {
    yield* readAnswer(await sent.send(), sent);
  } catch (error) {
    throw sent.meaning(error);
  }
}

async function* readAnswer(
  { headers, body, status }: Answer,
  sent: Exchange,
): AsyncGenerator<readonly SseEvent[], void, undefined> {
  const type = headers['content-type'] ?? '';
  if (/^text\/html/iu.test(type)) {
    const page = oneLine(await readText(body, maxPageBytes));
    const { host, address } = sent.asked.endpoint;
    throw new ModelError(
      'model_refused',
      `expected the events of an answer from ${host}, but got ${page || 'a web page'}: check the base URL, ${address}`,
      { status },
    );
  }
  if (/^application\/json/iu.test(type)) {
    const data = await readText(body, maxJsonBytes);
    yield [{ event: 'message', data, id: '' }];
  } else yield* readEvents(body, sent);
}

async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  sent: Exchange,
): AsyncGenerator<readonly SseEvent[], void, undefined> {
  const chunks = body[Symbol.asyncIterator]();
  const parser = new SseParser();
  let isOpen = true;
  const next = async () => {
    isOpen = false; // a read that fails leaves nothing to end
    const read = await chunks.next();
    isOpen = read.done !== true;
    return read;
  };
  try {
    for (;;) {
      const read = await next();
      sent.touch();
      const events = read.done === true ? parser.end() : parser.push(read.value);
      if (events.length > 0) yield events;
      if (!parser.done && read.done !== true) continue;
      if (!parser.done) return;
      yield [{ event: 'message', data: doneMark, id: '' }];
      return;
    }
  } finally {
    if (isOpen) await endBody(chunks, sent.signal);
  }
}

/** Reads a body to its end if that is near, else lets its connection go. */
async function endBody(chunks: AsyncIterator<Uint8Array>, signal: AbortSignal): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<true>();
  const timer = setTimeout(resolve, signal.aborted ? 0 : endMs, true);
  const ended = async () => {
    while ((await chunks.next()).done !== true);
    return false;
  };
  const isLate = await Promise.race([ended().catch(() => false), late]);
  clearTimeout(timer);
  if (isLate) void Promise.resolve(chunks.return?.()).catch(() => {});
}
