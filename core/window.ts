/**
 * The window: what of the thread the model is shown. It is a fold over the thread's items and nothing else, so that
 * resume, explain and diff give the same bytes without running a plugin.
 */

import type { EncodedPart, Model } from './contracts.ts';
import {
  isPart,
  type FragmentItem,
  type Item,
  type Part,
  type Stamped,
  type ToolsItem,
  type WindowEntry,
  type WindowItem,
} from './item.ts';
import type { ExplainedPart } from './protocol.ts';

/** Estimated tokens of an image, whatever its bytes. */
const imageTokens = 1500;
const charactersPerToken = 4;

interface Place {
  readonly part: Part;
  /** Stays when the turn that made it has ended. */
  kept: boolean;
  encoded?: { readonly model: Model; readonly value: EncodedPart; readonly tokens: number };
}

/** The window of one thread. `add` takes every item in order; reading never changes it. */
export class Window {
  readonly #items: readonly Item[];
  #places: Place[] = [];
  /** Where the running turn's places begin. */
  #turnStart = 0;
  /** Ordinal of the last `window` item: what came before it and did not survive cannot come back. */
  #moved = 0;
  #correction = 1;
  #lastRead = new Map<string, number>();

  /** `items` is the thread's own list, which `add` is told of one by one. */
  constructor(items: readonly Item[]) {
    this.#items = items;
  }

  /** A window over the first `count` items. */
  static of(items: readonly Item[], count = items.length): Window {
    const window = new Window(items);
    for (let n = 0; n < count; n++) {
      const item = items[n];
      if (item !== undefined) window.add(item);
    }
    return window;
  }

  add(item: Item): void {
    if (item.type === 'turn') this.#turnStart = this.#places.length;
    else if (item.type === 'refs') this.#keep(item.plugin, item.n, item.ranges);
    else if (item.type === 'window') this.#move(item);
    else if (item.type === 'step') this.#correct(item.estimate, item.usage?.input);
    else if (isPart(item)) this.#append(item);
  }

  #append(part: Part): void {
    const stays = part.type === 'fragment' || part.type === 'tools';
    if (part.type === 'fragment') this.#lastRead.set(part.plugin, part.n);
    if (part.type === 'tools')
      this.#places = this.#places.filter((place) => place.part.type !== 'tools');
    this.#places.push({ part, kept: stays });
  }

  #keep(plugin: string, n: number, ranges: readonly (readonly [number, number])[]): void {
    this.#lastRead.set(plugin, n);
    for (const [from, to] of ranges) {
      for (let at = this.#indexOf(from); at < this.#places.length; at++) {
        const place = this.#places[at];
        if (place === undefined || place.part.n > to) break;
        place.kept = true;
      }
    }
  }

  /** The first place whose ordinal is at least `n`. */
  #indexOf(n: number): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#places[middle]?.part.n ?? 0) < n) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #move(item: Stamped<WindowItem>): void {
    if (item.to !== undefined) {
      this.#places = this.#stay(Window.of(this.#items, item.to).#shown());
    } else {
      const shown = this.#shown();
      this.#places = this.#stay(
        (item.entries ?? []).flatMap((entry) => survivors(entry, shown, item)),
      );
    }
    this.#lastRead = new Map();
    this.#turnStart = this.#places.length;
    this.#moved = item.n;
  }

  #stay(places: readonly Place[]): Place[] {
    return places.map((place) => ({ ...place, kept: true }));
  }

  #correct(estimate: number, actual: number | undefined): void {
    if (actual !== undefined && actual > 0 && estimate > 0)
      this.#correction = Math.min(4, Math.max(0.25, actual / estimate));
  }

  /** What the model is shown now, in order. */
  parts(): readonly Part[] {
    return this.#shown().map((place) => place.part);
  }

  #shown(): readonly Place[] {
    return this.#places.filter((place, index) => place.kept || index >= this.#turnStart);
  }

  /** The parts in this model's encoding; each is encoded once. */
  encode(model: Model): readonly EncodedPart[] {
    return this.#shown().map((place) => encodePlace(place, model).value);
  }

  /** Estimated tokens of each part, in order: characters / 4, corrected by what the model last reported. */
  weights(
    model: Model,
  ): readonly { readonly part: Part; readonly text: string; readonly tokens: number }[] {
    return this.#shown().map((place) => {
      const { value, tokens } = encodePlace(place, model);
      return { part: value.part, text: value.text, tokens: Math.ceil(tokens * this.#correction) };
    });
  }

  /** The window part by part, as `thread/window` shows it. */
  explain(model: Model): readonly ExplainedPart[] {
    const pins = pinsOf(this.parts());
    return this.weights(model).map(({ part, text, tokens }) => {
      return { part, bytes: Buffer.byteLength(text), tokens, pinned: pins.has(part.n) };
    });
  }

  /** The estimate before the correction, as a `step` item records it. */
  rawTokens(model: Model): number {
    return this.#shown().reduce((sum, place) => sum + encodePlace(place, model).tokens, 0);
  }

  /** Estimated tokens of the whole window. */
  tokens(model: Model): number {
    return Math.ceil(this.rawTokens(model) * this.#correction);
  }

  /** The tools the model is offered. */
  get tools(): Stamped<ToolsItem> | undefined {
    const { part } = this.#places.find((place) => place.part.type === 'tools') ?? {};
    return part?.type === 'tools' ? part : undefined;
  }

  /** Whether the thread's first step is still to come, so that `system` fragments can be added. */
  get isFresh(): boolean {
    return !this.#places.some(
      (place) => place.part.type !== 'fragment' && place.part.type !== 'tools',
    );
  }

  /** The fragments of one source that are in the window. */
  fragments(source: string): readonly FragmentItem[] {
    const found: FragmentItem[] = [];
    for (const { part } of this.#shown())
      if (part.type === 'fragment' && part.plugin === source) found.push(part);
    return found;
  }

  /** When this source's last answer was recorded, after the window last moved; -1 when it must be asked anew. */
  lastRead(source: string): number {
    return this.#lastRead.get(source) ?? -1;
  }

  /** What a source that was last read at ordinal `after` has not seen; nothing that a compaction dropped. */
  since(after: number): readonly Item[] {
    const later = this.#items.slice(Math.max(after, this.#moved) + 1);
    if (after >= this.#moved || this.#moved === 0) return later;
    const survivors = this.#places
      .map((place) => place.part)
      .filter((part) => part.n < this.#moved);
    return [...survivors, ...later];
  }
}

function survivors(
  entry: WindowEntry,
  shown: readonly Place[],
  item: Stamped<WindowItem>,
): readonly Place[] {
  if ('fragment' in entry) {
    return [{ part: { type: 'fragment', ...entry.fragment, n: item.n, at: item.at }, kept: true }];
  }
  const [from, to] = entry.keep;
  return shown.filter((place) => place.part.n >= from && place.part.n <= to);
}

function encodePlace(
  place: Place,
  model: Model,
): { readonly value: EncodedPart; readonly tokens: number } {
  if (place.encoded?.model !== model) {
    const text = model.encode(place.part);
    place.encoded = {
      model,
      value: { part: place.part, text },
      tokens: estimate(place.part, text),
    };
  }
  return place.encoded;
}

function estimate(part: Part, text: string): number {
  const content = part.type === 'user' || part.type === 'result' ? part.content : [];
  const images = content.filter((one) => one.type === 'image');
  const bytes = images.reduce((sum, image) => sum + image.data.length, 0);
  return (
    Math.ceil(Math.max(0, text.length - bytes) / charactersPerToken) + images.length * imageTokens
  );
}

/**
 * What of a window must survive compaction, by ordinal: tools, pinned fragments, what the user said first and last, the
 * newest plan (a result whose `detail` has `plan`, with its call), and open calls.
 */
export function pinsOf(parts: readonly Part[]): ReadonlySet<number> {
  const users = parts.filter((part) => part.type === 'user');
  const plan = parts.findLast(
    (part) => part.type === 'result' && part.detail?.['plan'] !== undefined,
  );
  const planCall = plan?.type === 'result' ? plan.call : undefined;
  const answered = new Set(parts.flatMap((part) => (part.type === 'result' ? [part.call] : [])));
  const isPinned = (part: Part): boolean => {
    if (part === users[0] || part === users.at(-1) || part.type === 'tools') return true;
    if (part.type === 'fragment') return part.pinned && part.plugin !== ledgerSource;
    if (part.type === 'call') return part.call === planCall || !answered.has(part.call);
    return part === plan;
  };
  return new Set(parts.filter(isPinned).map((part) => part.n));
}

/** The owner of the kernel's own fragment, made anew at each compaction. */
export const ledgerSource = 'kernel';

/** Why a compactor's window cannot be taken, or `undefined` when it can. */
export function faultOf(
  entries: readonly WindowEntry[],
  before: readonly Part[],
  pins: ReadonlySet<number>,
): string | undefined {
  const kept = new Set<number>();
  let last = -1;
  for (const entry of entries) {
    if ('fragment' in entry) continue;
    const [from, to] = entry.keep;
    if (from > to || from <= last) return 'it reorders parts';
    last = to;
    for (const part of before) if (part.n >= from && part.n <= to) kept.add(part.n);
  }
  const lost = before.find((part) => pins.has(part.n) && !kept.has(part.n));
  if (lost !== undefined) return `it drops the pinned ${lost.type} at ordinal ${lost.n}`;
  const split = splitCall(before, kept);
  if (split !== undefined) return `it splits the call ${split} from its result`;
  const total = before.filter((part) => !kept.has(part.n)).length;
  return total === 0 ? 'it drops nothing' : undefined;
}

function splitCall(parts: readonly Part[], kept: ReadonlySet<number>): string | undefined {
  const sides = new Map<string, boolean>();
  for (const part of parts) {
    if (part.type !== 'call' && part.type !== 'result') continue;
    const isKept = kept.has(part.n);
    if ((sides.get(part.call) ?? isKept) !== isKept) return part.call;
    sides.set(part.call, isKept);
  }
  return undefined;
}
