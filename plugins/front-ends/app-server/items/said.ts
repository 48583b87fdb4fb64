/** What the model says, messages and reasoning, as the wire tells of it. */

import type { AssistantItem, DeltaEvent, ReasoningItem, Stamped } from '../../../../core/index.ts';
import type { WireItem } from '../schemas/item.ts';
import type { Steps } from './steps.ts';
import { OpenTexts, wholeItem } from './texts.ts';

/** The longest text that is told as a delta, too, when it is whole already: of more not all is kept as deltas anyway. */
const maxDelta = 1_000_000;

const textOfSaid = (item: AssistantItem | ReasoningItem) =>
  item.type === 'assistant' ? item.text : item.summary.join('\n\n') || (item.text ?? '');

/** Texts are told as they come, and once more whole. `onMessage` is told of each message that counts. */
export class Said {
  readonly #steps: Steps;
  readonly #texts = new OpenTexts();
  readonly #onMessage: (message: WireItem) => void;

  constructor(steps: Steps, onMessage: (message: WireItem) => void) {
    this.#steps = steps;
    this.#onMessage = onMessage;
  }

  /** More of a text, or of the arguments of a call, before which a thought has ended. */
  delta({ id, kind, text: delta }: Pick<DeltaEvent, 'id' | 'kind' | 'text'>): void {
    if (this.#texts.wasEnded(id)) return;
    const at = Date.now();
    this.#complete(this.#texts.endThought(id, at), at);
    if (kind === 'args') return;
    if (!this.#texts.has(id)) this.#begin({ id, kind }, at);
    if (kind === 'reasoning') this.#texts.think(id, delta);
    this.#tellDelta({ id, kind, text: delta });
  }

  #tellDelta({ id, kind, text: delta }: Pick<DeltaEvent, 'id' | 'kind' | 'text'>): void {
    const params = { ...this.#steps.inTurn(), itemId: id, delta };
    if (kind === 'text') return this.#steps.tell({ method: 'item/agentMessage/delta', params });
    this.#steps.tell({
      method: 'item/reasoning/summaryTextDelta',
      params: { ...params, summaryIndex: 0 },
    });
  }

  #begin({ id, kind }: Pick<DeltaEvent, 'id' | 'kind'>, at: number): void {
    this.#steps.start(this.#texts.begin({ id, kind }, at), at);
    if (kind !== 'reasoning') return;
    const params = { ...this.#steps.inTurn(), itemId: id, summaryIndex: 0 };
    this.#steps.tell({ method: 'item/reasoning/summaryPartAdded', params });
  }

  /** A text is whole. */
  end(item: Stamped<AssistantItem | ReasoningItem>): void {
    const { id, at } = item;
    if (this.#texts.wasEnded(id)) return;
    if (!this.#texts.has(id)) this.#tellAtOnce(item);
    this.#complete(this.#texts.end(id, at, wholeItem(item)), at);
  }

  /** A text that was whole before any of it was told: its deltas hold all of it nevertheless. */
  #tellAtOnce(item: Stamped<AssistantItem | ReasoningItem>): void {
    const { id, at } = item;
    const kind = item.type === 'assistant' ? 'text' : 'reasoning';
    this.#begin({ id, kind }, at);
    const text = textOfSaid(item);
    if (text !== '' && text.length <= maxDelta) this.#tellDelta({ id, kind, text });
  }

  /** What was said of a text does not count. */
  discard(id: string, at: number): void {
    this.#complete(this.#texts.end(id, at), at);
  }

  #complete(item: WireItem | undefined, at: number): void {
    if (item?.type === 'agentMessage' && item.text !== '') this.#onMessage(item);
    this.#steps.complete(item, at);
  }

  /** The model's answer has ended. */
  readonly endStep = () => this.#texts.clear();

  /** The items that are open. */
  readonly open = () => this.#texts.all();

  /** What is still open is over. */
  close(at: number): void {
    for (const { id } of this.open()) this.discard(id, at);
  }
}
