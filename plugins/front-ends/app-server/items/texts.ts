/** What the model says while it says it: messages and reasoning that have begun and not ended. */

import type { AssistantItem, DeltaEvent, ReasoningItem } from '../../../../core/index.ts';
import type { WireItem, WireItemOf } from '../schemas/item.ts';

type Told = WireItemOf<'agentMessage'> | WireItemOf<'reasoning'>;

/** A message as far as it has come. */
function messageItem(id: string, text = ''): WireItemOf<'agentMessage'> {
  const none = { memoryCitation: null, moderation: null, delivery: null, questions: null };
  return { type: 'agentMessage', id, text, phase: null, ...none };
}

const phases = { commentary: 'commentary', final: 'final_answer' } as const;

/** A message or reasoning that is whole. */
export function wholeItem(item: AssistantItem | ReasoningItem): Told {
  if (item.type === 'assistant')
    return {
      ...messageItem(item.id, item.text),
      phase: item.phase === undefined ? null : phases[item.phase],
    };
  const content = item.text === undefined ? [] : [item.text];
  return { type: 'reasoning', id: item.id, summary: [...item.summary], content };
}

/** Those that are open, by id. */
export class OpenTexts {
  readonly #open = new Map<string, Told>();
  /** The thought that is being shown, as far as it has come: it has ended when something else begins. */
  #thought: { readonly id: string; text: string } | undefined;
  /** Thoughts that were ended before they were whole in the thread. */
  readonly #ended = new Set<string>();

  readonly has = (id: string) => this.#open.has(id);
  readonly wasEnded = (id: string) => this.#ended.has(id);

  /** More of a thought. */
  think(id: string, text: string): void {
    if (this.#thought?.id === id) this.#thought.text += text;
    else this.#thought = { id, text };
  }

  /** Ends the thought before `id`, with what was shown of it. */
  endThought(id: string, at: number): WireItem | undefined {
    const thought = this.#thought;
    if (thought === undefined || thought.id === id) return undefined;
    this.#thought = undefined;
    if (!this.has(thought.id)) return undefined;
    this.#ended.add(thought.id);
    const { id: own, text } = thought;
    return this.end(own, at, { type: 'reasoning', id: own, summary: [text], content: [] });
  }

  /** Forgets what was ended: a new step begins. */
  readonly clear = () => this.#ended.clear();

  /** Begins the item that a delta belongs to; it is empty. */
  begin({ id, kind }: Pick<DeltaEvent, 'id' | 'kind'>, startedAtMs: number): WireItem {
    const item: Told =
      kind === 'text' ? messageItem(id) : { type: 'reasoning', id, summary: [], content: [] };
    const begun = { ...item, startedAtMs, completedAtMs: null };
    this.#open.set(id, begun);
    return begun;
  }

  /** Ends one: as it is whole, or empty when what was shown of it does not count. */
  end(id: string, completedAtMs: number, whole?: Told): WireItem | undefined {
    const begun = this.#open.get(id);
    this.#open.delete(id);
    const item = whole ?? begun;
    const startedAtMs = begun?.startedAtMs ?? completedAtMs;
    return item && { ...item, startedAtMs, completedAtMs };
  }

  /** All that are open. */
  readonly all = (): readonly WireItem[] => [...this.#open.values()];
}
