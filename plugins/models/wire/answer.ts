/** The events of an answer as the kernel wants them, gathered between two network reads. */

import { ModelError } from '../../../core/index.ts';
import type { ModelEvent, Output } from '../../../core/index.ts';
import type { SseEvent } from './sse.ts';

/** The data of the last event of a stream that said `[DONE]`. */
export const doneMark = '[DONE]';

type Delta = Extract<ModelEvent, { type: 'delta' }>;

/** Gathers events; neighbouring deltas of one output become one. */
export class AnswerEvents {
  #events: ModelEvent[] = [];
  /** The last event, while deltas are added to it. */
  #open: { kind: Delta['kind']; id: string; name: string | undefined; text: string } | undefined;

  delta(kind: Delta['kind'], id: string, text: unknown, name?: string): void {
    if (typeof text !== 'string' || text === '') return;
    if (this.#open?.id === id && this.#open.kind === kind) {
      this.#open.text += text;
      return;
    }
    this.#close();
    this.#open = { kind, id, name, text };
  }

  output(output: Output): void {
    this.#close();
    this.#events.push({ type: 'output', output });
  }

  done(done: Extract<ModelEvent, { type: 'done' }>): void {
    this.#close();
    this.#events.push(done);
  }

  /** What was gathered since the last time. */
  take(): readonly ModelEvent[] {
    this.#close();
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #close(): void {
    if (this.#open === undefined) return;
    const { kind, id, name, text } = this.#open;
    this.#events.push({ type: 'delta', kind, id, text, ...(name === undefined ? {} : { name }) });
    this.#open = undefined;
  }
}

/** An event's data, parsed. Throws `model_answer` when it is no JSON object. */
export function parseData(event: SseEvent): object {
  try {
    const data: unknown = JSON.parse(event.data);
    if (typeof data === 'object' && data !== null) return data;
  } catch {
    // told below
  }
  const start = event.data.slice(0, 100);
  throw new ModelError(
    'model_answer',
    `expected events that are JSON objects, but the server sent ${start || 'an empty one'}`,
  );
}

/** A number that a server gave, or 0. */
export function count(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : 0;
}
