/** A model whose answers a test gives, one after the other, and which keeps the requests that it got. */

import { textOf } from '../../../core/index.ts';
import type {
  JsonSchema,
  Model,
  ModelEvent,
  ModelRequest,
  Output,
  Part,
  StreamModel,
  Traits,
} from '../../../core/index.ts';

/** A call that the model asks for. */
export interface Called {
  readonly name: string;
  readonly args?: unknown;
  /** Default: one that is unlike all others. */
  readonly id?: string;
}

/** One answer: a text, calls, or a stream of its own. */
export type Reply = string | readonly Called[] | StreamModel;

export interface RecordingModel extends Model {
  readonly requests: readonly ModelRequest[];
}

export interface ModelOptions {
  readonly name?: string;
  readonly traits?: Partial<Traits>;
  /** What it answers when it may call nothing. Default `summary`; takes no reply. */
  readonly aside?: string;
}

/** Answers with these in order, whatever the thread, and with `done` when none is left. */
export function replies(list: readonly Reply[], options: ModelOptions = {}): RecordingModel {
  const { name = 'test', aside = 'summary', traits } = options;
  const left = [...list];
  const requests: ModelRequest[] = [];
  return {
    name,
    requests,
    traits: ({ model = name }) => ({
      model,
      window: 1e7,
      output: 1000,
      images: true,
      tools: true,
      efforts: [],
      ...traits,
    }),
    encode: (part) => JSON.stringify(part),
    async *stream(request, on) {
      requests.push(request);
      const reply = request.toolChoice === 'none' ? aside : (left.shift() ?? 'done');
      if (typeof reply === 'function') return yield* reply(request, on);
      for (const output of typeof reply === 'string' ? [text(reply)] : reply.map(call))
        yield { type: 'output', output };
      yield done();
    },
  };
}

export function text(said: string, id: string = crypto.randomUUID()): Output {
  return { type: 'assistant', id, text: said };
}

export function call({ name, args = {}, id = crypto.randomUUID() }: Called): Output {
  const written = typeof args === 'string' ? args : JSON.stringify(args);
  return { type: 'call', id: `item-${id}`, call: id, name, args: written };
}

export function done(usage?: { readonly input: number; readonly output: number }): ModelEvent {
  return { type: 'done', stop: 'end', usage: usage && { cached: 0, reasoning: 0, ...usage } };
}

/** The texts of what users, models and tools said among these parts, one a line, each with its type. */
export function saidIn(parts: readonly Part[]): readonly string[] {
  return parts.flatMap((part) => {
    if (part.type === 'user' || part.type === 'result')
      return [`${part.type}: ${textOf(part.content)}`];
    if (part.type === 'call') return [`call: ${part.name}`];
    return part.type === 'assistant' || part.type === 'fragment'
      ? [`${part.type}: ${part.text}`]
      : [];
  });
}

/** The parts of a request. */
export function partsOf(request: ModelRequest | undefined): readonly Part[] {
  return (request?.parts ?? []).map(({ part }) => part);
}

/** A schema of an object without rules. */
export const anyObject: JsonSchema = { type: 'object' };
