import type { Output } from '../../../core/index.ts';
import type { AnswerEvents } from '../wire/answer.ts';

/** A piece of a tool call, of which nothing is sure. */
export interface ToolCallDelta {
  readonly index?: unknown;
  readonly id?: unknown;
  readonly function?: { readonly name?: unknown; readonly arguments?: unknown } | null;
}

interface Call {
  readonly index: number | undefined;
  id: string;
  name: string;
  args: string;
}

/**
 * Puts calls together from their pieces. A piece belongs to the call of its index; where servers leave the index out,
 * or give all calls the same, a new id or a new name begins a new call.
 */
export class CallReader {
  readonly #calls: Call[] = [];
  readonly #events: AnswerEvents;
  readonly #prefix: string;

  constructor(events: AnswerEvents, prefix: string) {
    this.#events = events;
    this.#prefix = prefix;
  }

  read(delta: ToolCallDelta): void {
    const id = text(delta.id);
    const name = text(delta.function?.name);
    const call = this.#find(delta.index, id, name);
    if (call.id === '') call.id = id;
    if (call.name === '') call.name = name;
    const args = argsText(delta.function?.arguments);
    call.args += args;
    this.#events.delta('args', this.#itemId(call), args, call.name);
  }

  outputs(): readonly Output[] {
    return this.#calls.map((call) => {
      const { id, name, args } = call;
      return { type: 'call', id: this.#itemId(call), call: id, name, args: args || '{}' };
    });
  }

  #itemId(call: Call): string {
    return `${this.#prefix}_call${this.#calls.indexOf(call)}`;
  }

  #find(given: unknown, id: string, name: string): Call {
    const index = typeof given === 'number' ? given : undefined;
    const isSame = (call: Call) => id === '' || call.id === '' || call.id === id;
    const known =
      index === undefined
        ? this.#calls.findLast((call) => (id === '' ? name === '' : call.id === id))
        : this.#calls.findLast((call) => call.index === index && isSame(call));
    if (known !== undefined) return known;
    const call: Call = { index, id: '', name: '', args: '' };
    this.#calls.push(call);
    return call;
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Arguments are JSON text; some servers send the object. */
function argsText(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : text(value);
}
