/**
 * The window: what of the thread the model is shown. It is a fold over the thread's items and nothing else, so that
 * resume, explain and diff give the same bytes without running a plugin.
 */

import type { EncodedPart, Model } from './contracts.ts';
import * as it from './item.ts';

/** Estimated tokens of an image, whatever its bytes. */
const imageTokens = 1500;
const charactersPerToken = 4;

/** A part with its encoding and the tokens estimated for it. */
export type Weighed = EncodedPart & { readonly tokens: number };

/** The window of one thread. `add` takes every item in order; reading never changes it. */
export class Window {
  /** All of the thread. */
  readonly items: it.Item[] = [];
  /** What is shown, and what a source may still ask to keep. */
  #parts: it.Part[] = [];
  /** Ordinals of parts that stay although the turn that made them has ended. */
  #kept = new Set<number>();
  /** Where the running turn began. */
  #turn = -1;
  /** The last `window` item: what came before it and did not survive cannot come back. */
  #moved = -1;
  /** The ordinal at which each prompt source was last read, in this process or by what it added. */
  #lastRead = new Map<string, number>();
  /** What the model reported, over what would have been estimated without. */
  #correction = 1;
  #weighed = new WeakMap<it.Part, Weighed>();
  #weighedBy: Model | undefined;

  add(item: it.Item): void {
    this.items.push(item);
    if (item.type === 'turn') this.#turn = item.n;
    else if (item.type === 'refs') for (const range of item.ranges) this.#keep(range, item.n);
    else if (item.type === 'window') this.#move(item);
    else if (item.type === 'step') this.#correct(item.usage?.input ?? 0, item.estimate);
    else if (it.isPart(item)) this.#append(item);
    if (item.type === 'refs' || item.type === 'fragment') this.read(item.plugin, item.n);
  }

  #append(part: it.Part): void {
    if (part.type === 'tools') this.#parts = this.#parts.filter(({ type }) => type !== 'tools');
    if (isFixed(part)) this.#kept.add(part.n);
    this.#parts.push(part);
  }

  #keep([from, to]: it.Range, before: number): void {
    for (let n = Math.max(0, from); n <= to && n < before; n++) this.#kept.add(n);
  }

  #move({ to, entries = [], n, at }: it.Stamped<it.WindowItem>): void {
    const before = to === undefined ? this : new Window();
    if (before !== this) this.#until(to).forEach((item) => before.add(item));
    const stay = (entry: it.WindowEntry): readonly it.Part[] => {
      if ('keep' in entry) return this.parts().filter((part) => isWithin(part.n, entry.keep));
      return [{ type: 'fragment', ...entry.fragment, n, at }];
    };
    this.#parts = to === undefined ? entries.flatMap(stay) : before.#parts;
    this.#kept = to === undefined ? new Set(this.#parts.map((part) => part.n)) : before.#kept;
    this.#turn = before.#turn;
    this.#lastRead.clear();
    this.#moved = n;
  }

  /** What made the window what it was at an ordinal: of what was reverted, nothing. */
  #until(to = 0): readonly it.Item[] {
    const last = this.items.findLast((one) => one.n < to && one.type === 'window' && 'to' in one);
    const past = last?.type === 'window' ? this.#until(last.to) : [];
    return [...past, ...this.items.slice((last?.n ?? -1) + 1, to)];
  }

  #correct(actual: number, estimate: number): void {
    const correction = (this.#correction * actual) / estimate;
    if (actual > 0 && estimate > 0) this.#correction = Math.min(4, Math.max(0.25, correction));
  }

  /** What the model is shown now, in order. */
  readonly parts = () => this.#parts.filter(({ n }) => n > this.#turn || this.#kept.has(n));

  /** The same in this model's encoding, each part encoded once; tokens are corrected by what the model last reported. */
  weigh(model: Model): readonly Weighed[] {
    if (model !== this.#weighedBy) this.#weighed = new WeakMap();
    this.#weighedBy = model;
    return this.parts().map((part) => {
      const weighed = this.#weighed.get(part) ?? weigh(part, model);
      this.#weighed.set(part, weighed);
      return { ...weighed, tokens: Math.ceil(weighed.tokens * this.#correction) };
    });
  }

  /** The tools the model is offered. */
  readonly tools = () => this.#parts.find((part) => part.type === 'tools')?.tools;

  /** Whether the thread's first step is still to come, so that `system` fragments can be added. */
  readonly isFresh = () => this.#parts.every(isFixed);

  /** The fragments of one source that are in the window. */
  fragments(source: string): readonly it.FragmentItem[] {
    const all = this.parts().filter((part) => part.type === 'fragment');
    return all.filter(({ plugin }) => plugin === source);
  }

  /** A source has seen what there is up to this ordinal. */
  readonly read = (source: string, n: number) => void this.#lastRead.set(source, n);
  /** Whether a source was never asked, or not since the window moved, and has nothing in it. */
  readonly isNew = (name: string) => !this.#lastRead.has(name) && this.fragments(name).length === 0;

  /** What a source has not seen; nothing that a compaction dropped. */
  since(source: string): readonly it.Item[] {
    const after = this.#lastRead.get(source) ?? -1;
    const later = this.items.slice(Math.max(after, this.#moved) + 1);
    if (after >= this.#moved) return later;
    return [...this.#parts.filter(({ n }) => n < this.#moved), ...later];
  }
}

const isFixed = ({ type }: it.Part) => type === 'fragment' || type === 'tools';

/** Whether an ordinal lies in a range. */
export const isWithin = (n: number, [from, to]: it.Range): boolean => n >= from && n <= to;

/** All tokens of these. */
export const tokensOf = (parts: readonly Pick<Weighed, 'tokens'>[]): number =>
  parts.reduce((sum, { tokens }) => sum + tokens, 0);

/** A part in a model's encoding, with its estimated tokens: characters / 4, images apart. */
function weigh(part: it.Part, model: Model): Weighed {
  const text = model.encode(part);
  const content = part.type === 'user' || part.type === 'result' ? part.content : [];
  const images = content.flatMap((one) => (one.type === 'image' ? [one.data.length] : []));
  const characters = images.reduce((rest, length) => rest - length, text.length);
  const tokens = Math.ceil(Math.max(0, characters) / charactersPerToken);
  return { part, text, tokens: tokens + images.length * imageTokens };
}
