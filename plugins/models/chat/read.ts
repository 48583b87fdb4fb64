/**
 * What a streamed answer of the Chat Completions API says (openai 7.57, resources/chat: ChatCompletionChunk), and what
 * servers that follow it only roughly make of it.
 */

import type { Output, Usage } from '../../../core/index.ts';
import { AnswerEvents, count, doneMark, parseData } from '../wire/answer.ts';
import { type Asked, type ErrorWords, refusalError, refusalIn } from '../wire/failure.ts';
import type { SseEvent } from '../wire/sse.ts';
import { CallReader, type ToolCallDelta } from './calls.ts';
import type { ReasoningField } from './encode.ts';

export interface ReadOptions {
  /** Marks what of the answer only this provider can use. */
  readonly origin: string;
  readonly asked: Asked;
  /** Begins the ids of outputs. */
  readonly prefix: string;
}

/** A chunk of which nothing is sure. */
interface Chunk {
  readonly model?: unknown;
  readonly error?: unknown;
  readonly usage?: ChunkUsage | null;
  readonly choices?: readonly {
    readonly delta?: ChunkDelta | null;
    readonly message?: ChunkDelta | null;
    readonly finish_reason?: string | null;
  }[];
}

interface ChunkDelta {
  readonly content?: unknown;
  readonly refusal?: unknown;
  readonly reasoning_content?: unknown;
  readonly reasoning?: unknown;
  readonly tool_calls?: readonly ToolCallDelta[] | null;
}

interface ChunkUsage {
  readonly prompt_tokens?: unknown;
  readonly completion_tokens?: unknown;
  readonly prompt_tokens_details?: { readonly cached_tokens?: unknown } | null;
  readonly completion_tokens_details?: { readonly reasoning_tokens?: unknown } | null;
}

/** Reads the events of one answer. */
export class ChatReader {
  readonly events = new AnswerEvents();
  readonly #options: ReadOptions;
  readonly #calls: CallReader;
  #text = '';
  #thoughts = '';
  #field: ReasoningField | undefined;
  #usage: Usage | undefined;
  #model: string | undefined;
  #finish: string | undefined;
  #isMarked = false;

  constructor(options: ReadOptions) {
    this.#options = options;
    this.#calls = new CallReader(this.events, options.prefix);
  }

  /** Throws ModelError when the event says that the answer failed. */
  read(data: SseEvent): void {
    if (data.data === doneMark) {
      this.#isMarked = true;
      return;
    }
    const chunk: Chunk = parseData(data);
    const { error, usage, model, choices } = chunk;
    if (error !== undefined && error !== null) throw this.#failure(error);
    if (typeof model === 'string' && model !== '') this.#model = model;
    if (usage) this.#usage = usageOf(usage);
    const choice = choices?.[0];
    if (choice === undefined) return;
    const delta = choice.delta ?? choice.message;
    if (delta) this.#read(delta);
    if (choice.finish_reason) this.#finish = choice.finish_reason;
  }

  /** Gives the outputs. Whether the answer ended as it should; when not it was cut. */
  end(): boolean {
    if (this.#finish === undefined && !this.#isMarked) return false;
    for (const output of this.#outputs()) this.events.output(output);
    const stop = stops[this.#finish ?? ''] ?? 'end';
    const model = this.#model === undefined ? {} : { model: this.#model };
    this.events.done({ type: 'done', stop, usage: this.#usage, ...model });
    return true;
  }

  #read(delta: ChunkDelta): void {
    const field = fields.find((name) => typeof delta[name] === 'string' && delta[name] !== '');
    if (field !== undefined) this.#think(field, String(delta[field]));
    for (const { isThought, text } of piecesOf(delta.content)) {
      if (isThought) this.#think('reasoning_content', text);
      else this.#say(text);
    }
    if (typeof delta.refusal === 'string') this.#say(delta.refusal);
    delta.tool_calls?.forEach((call) => this.#calls.read(call));
  }

  #think(field: ReasoningField, text: string): void {
    this.#field ??= field;
    this.#thoughts += text;
    this.events.delta('reasoning', `${this.#options.prefix}_reasoning`, text);
  }

  #say(text: string): void {
    this.#text += text;
    this.events.delta('text', `${this.#options.prefix}_text`, text);
  }

  #outputs(): readonly Output[] {
    const { prefix, origin } = this.#options;
    const outputs: Output[] = [];
    if (this.#thoughts !== '')
      outputs.push({
        type: 'reasoning',
        id: `${prefix}_reasoning`,
        summary: [],
        text: this.#thoughts,
        ...(origin === '' ? {} : { opaque: { provider: origin, data: this.#field } }),
      });
    if (this.#text !== '')
      outputs.push({ type: 'assistant', id: `${prefix}_text`, text: this.#text });
    return [...outputs, ...this.#calls.outputs()];
  }

  #failure(error: unknown): Error {
    const words: ErrorWords = typeof error === 'object' ? Object(error) : { message: error };
    return refusalError(refusalIn(words), this.#options.asked);
  }
}

const fields = ['reasoning_content', 'reasoning'] as const satisfies readonly ReasoningField[];

const stops: Readonly<Record<string, 'length' | 'filter'>> = {
  length: 'length',
  max_tokens: 'length',
  content_filter: 'filter',
};

interface Piece {
  readonly isThought: boolean;
  readonly text: string;
}

/** Content is a text; some servers give a list of typed pieces, thoughts among them. */
function piecesOf(content: unknown): readonly Piece[] {
  if (typeof content === 'string') return [{ isThought: false, text: content }];
  if (!Array.isArray(content)) return [];
  return content.flatMap((one: unknown): readonly Piece[] => {
    const { type, text, thinking }: Readonly<Record<string, unknown>> = Object(one);
    if (typeof text === 'string') return [{ isThought: type === 'thinking', text }];
    return piecesOf(thinking).map((piece) => ({ ...piece, isThought: true }));
  });
}

function usageOf(usage: ChunkUsage): Usage {
  return {
    input: count(usage.prompt_tokens),
    cached: count(usage.prompt_tokens_details?.cached_tokens),
    output: count(usage.completion_tokens),
    reasoning: count(usage.completion_tokens_details?.reasoning_tokens),
  };
}
