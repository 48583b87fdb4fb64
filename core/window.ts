/**
 * The window: what of the thread the model is shown. It is a fold over the thread's items and nothing else, so that
 * resume, explain and diff give the same bytes without running a plugin.
 */

import type { EncodedPart, Model } from './contracts.ts';
import { isPart } from './item.ts';
import type {
  FragmentItem,
  Item,
  Part,
  Range,
  Stamped,
  ToolsItem,
  WindowEntry,
  WindowItem,
} from './item.ts';

/** Estimated tokens of an image, whatever its bytes. */
const imageTokens = 1500;
const charactersPerToken = 4;

/** A part with its encoding and the tokens estimated for it, uncorrected. */
export type Weighed = EncodedPart & { readonly tokens: number };
/** A part in the window; `isKept` when it stays although the turn that made it has ended. */
type Place = { readonly part: Part; isKept: boolean; by?: Model; weighed?: Weighed };

/** The window of one thread. `add` takes every item in order; reading never changes it. */
export class Window {
  readonly #items: readonly Item[];
  #places: Place[] = [];
  /** Where the running turn's places begin. */
  #turnStart = 0;
  /** The last `window` item: what came before it and did not survive cannot come back. */
  #moved = -1;
  #lastRead = new Map<string, number>();
  /** What the model last reported, over what had been estimated. */
  #correction = 1;

  /** `items` is the thread's own list, which `add` is told of one by one. */
  constructor(items: readonly Item[]) {
    this.#items = items;
  }

  add(item: Item): void {
    if (item.type === 'turn') this.#turnStart = this.#places.length;
    else if (item.type === 'refs') item.ranges.forEach((range) => this.#keep(range));
    else if (item.type === 'window') this.#move(item);
    else if (item.type === 'step') this.#correct(item.usage?.input ?? 0, item.estimate);
    else if (isPart(item)) this.#append(item);
    if (item.type === 'refs' || item.type === 'fragment') this.#lastRead.set(item.plugin, item.n);
  }

  #append(part: Part): void {
    if (part.type === 'tools')
      this.#places = this.#places.filter((one) => one.part.type !== 'tools');
    this.#places.push({ part, isKept: part.type === 'fragment' || part.type === 'tools' });
  }

  /** Places stand in the order of their ordinals, so the first is found by halving. */
  #keep([from, to]: Range): void {
    let [low, high] = [0, this.#places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#places[middle]?.part.n ?? 0) < from) low = middle + 1;
      else high = middle;
    }
    for (
      let place = this.#places[low];
      place !== undefined && place.part.n <= to;
      place = this.#places[++low]
    ) {
      place.isKept = true;
    }
  }

  #move(item: Stamped<WindowItem>): void {
    const { to, entries = [] } = item;
    const shown = to === undefined ? this.#shown() : windowOf(this.#items.slice(0, to)).#shown();
    const stays =
      to === undefined ? entries.flatMap((entry) => survivors(entry, shown, item)) : shown;
    this.#places = stays.map((place) => ({ ...place, isKept: true }));
    this.#lastRead = new Map();
    this.#turnStart = this.#places.length;
    this.#moved = item.n;
  }

  #correct(actual: number, estimate: number): void {
    const ratio = actual / estimate;
    if (actual > 0 && estimate > 0) this.#correction = Math.min(4, Math.max(0.25, ratio));
  }

  #shown(): readonly Place[] {
    return this.#places.filter((place, index) => place.isKept || index >= this.#turnStart);
  }

  /** What the model is shown now, in order. */
  parts(): readonly Part[] {
    return this.#shown().map((place) => place.part);
  }

  /** The same in this model's encoding; each part is encoded once. */
  weigh(model: Model): readonly Weighed[] {
    return this.#shown().map((place) => {
      const known = place.by === model ? place.weighed : undefined;
      return known ?? (place.weighed = weigh(place.part, (place.by = model)));
    });
  }

  /** An estimate in tokens, corrected by what the model last reported. */
  corrected(tokens: number): number {
    return Math.ceil(tokens * this.#correction);
  }

  /** The tools the model is offered. */
  get tools(): Stamped<ToolsItem> | undefined {
    const found = this.#places.find((place) => place.part.type === 'tools')?.part;
    return found?.type === 'tools' ? found : undefined;
  }

  /** Whether the thread's first step is still to come, so that `system` fragments can be added. */
  get isFresh(): boolean {
    return this.#places.every(({ part }) => part.type === 'fragment' || part.type === 'tools');
  }

  /** The fragments of one source that are in the window. */
  fragments(source: string): readonly FragmentItem[] {
    return this.parts()
      .filter((part) => part.type === 'fragment')
      .filter((part) => part.plugin === source);
  }

  /** What a source read at ordinal `read` (in this process) has not seen; nothing that a compaction dropped. */
  since(source: string, read = -1): readonly Item[] {
    const after = Math.max(read, this.#lastRead.get(source) ?? -1);
    const later = this.#items.slice(Math.max(after, this.#moved) + 1);
    const stayed = this.#places.map(({ part }) => part).filter(({ n }) => n < this.#moved);
    return after < this.#moved ? [...stayed, ...later] : later;
  }
}

/** The window over these items. */
export function windowOf(items: readonly Item[]): Window {
  const window = new Window(items);
  for (const item of items) window.add(item);
  return window;
}

function survivors(
  entry: WindowEntry,
  shown: readonly Place[],
  { n, at }: Stamped<WindowItem>,
): readonly Place[] {
  if ('keep' in entry) return shown.filter(({ part }) => isWithin(part.n, entry.keep));
  return [{ part: { type: 'fragment', ...entry.fragment, n, at }, isKept: true }];
}

/** Whether an ordinal lies in a range. */
export function isWithin(n: number, [from, to]: Range): boolean {
  return n >= from && n <= to;
}

/** A part in a model's encoding, with its estimated tokens: characters / 4, images apart. */
export function weigh(part: Part, model: Model): Weighed {
  const text = model.encode(part);
  const content = part.type === 'user' || part.type === 'result' ? part.content : [];
  const images = content.flatMap((one) => (one.type === 'image' ? [one.data.length] : []));
  const characters = images.reduce((rest, length) => rest - length, text.length);
  const tokens = Math.ceil(Math.max(0, characters) / charactersPerToken);
  return { part, text, tokens: tokens + images.length * imageTokens };
}
