/** What a streamed answer of the Responses API says (openai 7.57, resources/responses: ResponseStreamEvent). */

import type {
  Response,
  ResponseFunctionToolCall,
  ResponseOutputItem,
  ResponseReasoningItem,
  ResponseStreamEvent,
} from 'openai/resources/responses/responses';

import type { ModelError, Output, Usage } from '../../../core/index.ts';
import { AnswerEvents, count, doneMark, parseData } from '../wire/answer.ts';
import { type Asked, type ErrorWords, refusalError, refusalIn } from '../wire/failure.ts';
import type { SseEvent } from '../wire/sse.ts';

export interface ReadOptions {
  /** Marks what of the answer only this provider can use. */
  readonly origin: string;
  readonly asked: Asked;
  /** Begins the ids of outputs to which the server gives none. */
  readonly prefix: string;
}

/** Reads the events of one answer. */
export class ResponseReader {
  readonly events = new AnswerEvents();
  readonly options: ReadOptions;
  readonly #names = new Map<string, string>();
  readonly #given = new Set<string>();
  /** Texts as far as deltas told, for servers whose answer does not hold them again. */
  readonly #texts = new Map<string, string>();
  #hasText = false;
  /** Whether the answer has ended as it should. */
  isDone = false;

  constructor(options: ReadOptions) {
    this.options = options;
  }

  /** Throws ModelError when the event says that the answer failed. Unknown events are passed over. */
  read(data: SseEvent): void {
    if (data.data === doneMark) return;
    const event = parseData(data) as Partial<ResponseStreamEvent>; // the server's word: members may be missing
    const type = event.type ?? ('error' in event ? 'error' : '');
    if (type === '' && 'object' in event) this.end(event as unknown as Response, 'end');
    const handle = Object.hasOwn(handlers, type)
      ? (handlers[type as keyof typeof handlers] as Handler | undefined) // the table pairs them
      : undefined;
    handle?.(event as ResponseStreamEvent, this);
  }

  idOf({ item_id, output_index }: Readonly<{ item_id?: string; output_index?: number }>): string {
    return item_id || `${this.options.prefix}_${output_index ?? 0}`;
  }

  start(item: ResponseOutputItem, index: number): void {
    if (item.type === 'function_call')
      this.#names.set(this.idOf({ item_id: item.id, output_index: index }), item.name);
  }

  nameOf(id: string): string | undefined {
    return this.#names.get(id);
  }

  text(event: Readonly<{ item_id: string; output_index: number; delta: unknown }>): void {
    const id = this.idOf(event);
    if (typeof event.delta !== 'string') return;
    this.#texts.set(id, (this.#texts.get(id) ?? '') + event.delta);
    this.events.delta('text', id, event.delta);
  }

  finish(item: ResponseOutputItem, index = this.#given.size): void {
    const id = this.idOf({ item_id: item.id ?? undefined, output_index: index });
    if (this.#given.has(id)) return;
    this.#given.add(id);
    const output = outputOf(item, id, this.options.origin);
    if (output?.type === 'assistant') this.#hasText = true;
    if (output !== undefined) this.events.output(output);
  }

  /** `response.output` counts for what no event of its own gave, and deltas for a text that is nowhere else. */
  end(response: Partial<Response> = {}, stop: 'end' | 'length' | 'filter'): void {
    if (response.error) throw this.failure(response.error);
    response.output?.forEach((item, index) => this.finish(item, index));
    if (!this.#hasText)
      for (const [id, text] of this.#texts) this.events.output({ type: 'assistant', id, text });
    const { usage, model } = response;
    this.events.done({ type: 'done', stop, usage: usageOf(usage), ...(model ? { model } : {}) });
    this.isDone = true;
  }

  failure(error: ErrorWords): ModelError {
    return refusalError(refusalIn(error), this.options.asked);
  }
}

type Of<T> = Extract<ResponseStreamEvent, { type: T }>;
type Handler = (event: ResponseStreamEvent, reader: ResponseReader) => void;

const handlers: {
  readonly [T in ResponseStreamEvent['type']]?: (event: Of<T>, reader: ResponseReader) => void;
} = {
  'response.output_item.added': ({ item, output_index }, reader) =>
    reader.start(item, output_index),
  'response.output_item.done': ({ item, output_index }, reader) =>
    reader.finish(item, output_index),
  'response.output_text.delta': (event, reader) => reader.text(event),
  'response.refusal.delta': (event, reader) => reader.text(event),
  'response.reasoning_summary_part.added': (event, reader) => {
    if (event.summary_index > 0) reader.events.delta('reasoning', reader.idOf(event), '\n\n');
  },
  'response.reasoning_summary_text.delta': (event, reader) =>
    reader.events.delta('reasoning', reader.idOf(event), event.delta),
  'response.reasoning_text.delta': (event, reader) =>
    reader.events.delta('reasoning', reader.idOf(event), event.delta),
  'response.function_call_arguments.delta': (event, reader) => {
    const id = reader.idOf(event);
    reader.events.delta('args', id, event.delta, reader.nameOf(id));
  },
  'response.completed': ({ response }, reader) => reader.end(response, 'end'),
  'response.incomplete': ({ response }, reader) => {
    const isFiltered = response?.incomplete_details?.reason === 'content_filter';
    reader.end(response, isFiltered ? 'filter' : 'length');
  },
  'response.failed': ({ response }, reader) => {
    throw reader.failure(response?.error ?? {});
  },
  error: (event, reader) => {
    // Gateways put the error into a member of its own.
    const { error } = event as { readonly error?: unknown };
    throw reader.failure(
      typeof error === 'object' && error !== null ? error : { ...event, type: '' },
    );
  },
};

function outputOf(item: ResponseOutputItem, id: string, origin: string): Output | undefined {
  if (item.type === 'message') {
    const parts = item.content ?? [];
    const text = parts.map((part) => (part.type === 'refusal' ? part.refusal : part.text));
    const { phase } = item;
    const known = phase === 'commentary' ? phase : phase === 'final_answer' ? 'final' : undefined;
    return { type: 'assistant', id, text: text.join(''), ...(known ? { phase: known } : {}) };
  }
  if (item.type === 'function_call') return callOf(item, id);
  if (item.type === 'reasoning') return reasoningOf(item, id, origin);
  if (item.type !== 'web_search_call') return undefined;
  const summary = searchOf(item.action);
  return {
    type: 'hosted',
    id,
    name: 'web_search',
    summary,
    opaque: { provider: origin, data: item },
  };
}

/** Some servers give the arguments as an object, or leave members out. */
function callOf(
  item: Partial<Record<keyof ResponseFunctionToolCall, unknown>>,
  id: string,
): Output {
  const { call_id: call = '', name = '', arguments: args = '' } = item;
  const text = typeof args === 'string' ? args : JSON.stringify(args);
  return { type: 'call', id, call: String(call), name: String(name), args: text };
}

function reasoningOf(item: ResponseReasoningItem, id: string, origin: string): Output {
  const text = item.content?.map((part) => part.text).join('');
  const data = item.encrypted_content;
  return {
    type: 'reasoning',
    id,
    summary: (item.summary ?? []).map((part) => part.text),
    ...(text ? { text } : {}),
    ...(data ? { opaque: { provider: origin, data } } : {}),
  };
}

function searchOf(action: Extract<ResponseOutputItem, { type: 'web_search_call' }>['action']) {
  if (action?.type === 'search') return action.queries?.join(', ') ?? action.query ?? '';
  return action?.url ?? '';
}

function usageOf(usage: Response['usage']): Usage | undefined {
  if (!usage) return undefined;
  return {
    input: count(usage.input_tokens),
    cached: count(usage.input_tokens_details?.cached_tokens),
    output: count(usage.output_tokens),
    reasoning: count(usage.output_tokens_details?.reasoning_tokens),
  };
}
