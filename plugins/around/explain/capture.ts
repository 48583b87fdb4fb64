/** The body of a request as its model plugin composes it, without sending anything. */

import type {
  EncodedPart,
  ModelContext,
  ModelEvent,
  ModelRequest,
  StreamModel,
} from '../../../core/index.ts';
import { messageOf } from '../../../core/index.ts';
import { marked } from './segments.ts';

/** A request after every wrapper. Bodies are absent when the model sent none; `fault` says why, when it is one. */
export interface Captured {
  readonly request: ModelRequest;
  readonly body?: string;
  /** The same with a mark in the place of each part's text. */
  readonly template?: string;
  readonly fault?: string;
}

/** Has the model compose the request twice, the second time with marks for texts. Abort ends it. */
export async function capture(
  request: ModelRequest,
  context: ModelContext,
  stream: StreamModel,
): Promise<Captured> {
  const whole = await bodyOf(request, context, stream);
  if (whole.body === undefined) return { request, ...whole };
  const parts: readonly EncodedPart[] = marked(request.parts);
  const { body: template } = await bodyOf({ ...request, parts }, context, stream);
  return { request, body: whole.body, template };
}

/** Runs the model until it wants to send a body. */
async function bodyOf(
  request: ModelRequest,
  context: ModelContext,
  stream: StreamModel,
): Promise<Pick<Captured, 'body' | 'fault'>> {
  let body: string | undefined;
  const refused = new Error('requests are not sent here');
  const effects = refusing(context, refused, (sent) => (body ??= sent));
  try {
    for await (const event of stream(request, { ...context, effects, notice: () => {} })) {
      if (event.type === 'done') break;
    }
  } catch (error) {
    context.signal.throwIfAborted();
    if (body === undefined) return { fault: messageOf(error) };
  }
  return body === undefined ? {} : { body };
}

/** The same effects, but what would be sent is shown to `see`; reads (of certificates, say) go through. */
function refusing(
  { effects }: ModelContext,
  refused: Error,
  see: (body: string) => void,
): ModelContext['effects'] {
  return {
    spawn: (request) => effects.spawn(request),
    process: (id) => effects.process(id),
    stat: (path) => effects.stat(path),
    list: (path) => effects.list(path),
    read: (path, range) => effects.read(path, range),
    write: (path, data, how) => effects.write(path, data, how),
    remove: (path) => effects.remove(path),
    call: (what, run) => effects.call(what, run),
    fetch: (_url, { body } = {}) => {
      if (body !== undefined) see(typeof body === 'string' ? body : new TextDecoder().decode(body));
      return Promise.reject(refused);
    },
  };
}

/** What stands for the model's answer to a request that was not sent. */
export const unsent: readonly ModelEvent[] = [
  { type: 'output', output: { type: 'assistant', id: 'unsent', text: 'not sent' } },
  { type: 'done', stop: 'end' },
];
