/** From what happens to what the audit log holds. */

import type { DecisionItem, Event, Item, QuestionItem } from '../../../core/index.ts';
import { sha256 } from './format.ts';
import type { Entry } from './log.ts';

/** Gives the entry that an event is worth, if any: decisions, and what people answered to approvals. */
export class EntryMaker {
  /** Approvals that are open, by question. */
  readonly #asked = new Map<string, QuestionItem>();

  entryOf(event: Event): Entry | undefined {
    if (event.type === 'effect/decided') return decisionEntry(event.decision, { at: Date.now() });
    return event.type === 'item/appended' ? this.#ofItem(event.thread, event.item) : undefined;
  }

  #ofItem(thread: string, item: Item): Entry | undefined {
    if (item.type === 'decision') {
      const { n: _n, at, turn, ...decision } = item;
      return decisionEntry(decision, { at, thread, turn });
    }
    if (item.type === 'question' && item.question.kind === 'approval/ask')
      this.#asked.set(item.id, item);
    if (item.type !== 'answer') return undefined;
    const { at, turn, question: id, answer, by } = item;
    const asked = this.#asked.get(id);
    if (asked === undefined) return undefined;
    this.#asked.delete(id);
    const { call, question } = asked;
    const place = { type: 'approval', at, thread, turn, call, question: id };
    return bounded({ ...place, ...question, kind: undefined, ...answer, by });
  }
}

type Place = Readonly<{ at: number; thread?: string; turn?: string }>;

function decisionEntry({ type, ...decision }: DecisionItem, place: Place): Entry {
  return bounded({ type, ...place, ...decision });
}

/** A command may be 1 MB long: of longer texts the log holds the beginning, the length and the hash. */
const maxText = 4096;

function bounded<T>(value: T): T {
  const cut = (inner: unknown): unknown => {
    if (typeof inner === 'string') return inner.length > maxText ? cutText(inner) : inner;
    if (Array.isArray(inner)) return inner.map(cut);
    if (typeof inner !== 'object' || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, one]) => [key, cut(one)]));
  };
  return cut(value) as T; // strings stay strings, shapes stay shapes
}

function cutText(text: string): string {
  return `${text.slice(0, maxText)}… (${text.length} characters, sha256 ${sha256(text)})`;
}
