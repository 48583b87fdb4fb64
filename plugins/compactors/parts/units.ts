/** A window as units: what must stay or go together. */

import type { CallItem, CompactionJob, ResultItem } from '../../../core/index.ts';

export type JobParts = CompactionJob['parts'];

/** A call with its result, a text, an input, a fragment; each with the reasoning that leads to it. */
export interface Unit {
  /** Places in the window, in order. */
  readonly at: readonly number[];
  readonly kind: 'call' | 'said' | 'user' | 'fragment' | 'tools';
  /** One answer of the model with the results of its calls is a block; what stands alone is one by itself. */
  readonly block: number;
  readonly tokens: number;
  readonly pinned: boolean;
  /** Whose fragment it is. */
  readonly owner?: string;
  readonly call?: CallItem;
  readonly result?: ResultItem;
}

type Draft = { -readonly [K in keyof Unit]: Unit[K] } & { at: number[] };

const kinds = {
  tools: 'tools',
  fragment: 'fragment',
  user: 'user',
  reasoning: 'said',
  assistant: 'said',
  hosted: 'said',
  call: 'call',
  result: 'call',
} as const;

const outputs: ReadonlySet<string> = new Set(['reasoning', 'assistant', 'hosted', 'call']);

/** The units of a window, ordered by their first place. */
export function unitsOf(parts: JobParts): readonly Unit[] {
  const units: Draft[] = [];
  const calls = new Map<string, Draft>();
  let thinking: Draft | undefined;
  let block = 0;
  parts.forEach((weighed, index) => {
    const { part } = weighed;
    if (startsBlock(part.type, parts[index - 1]?.part.type)) {
      block++;
      thinking = undefined;
    }
    const begun = part.type === 'result' ? calls.get(part.call) : thinking;
    const unit = begun ?? { at: [], kind: 'said', block, tokens: 0, pinned: false };
    if (begun === undefined) units.push(unit);
    take(unit, weighed, index);
    if (part.type === 'call') calls.set(part.call, unit);
    thinking = part.type === 'reasoning' ? unit : undefined;
  });
  return units;
}

function startsBlock(type: string, before = ''): boolean {
  return outputs.has(type) ? !outputs.has(before) : type !== 'result';
}

function take(unit: Draft, { part, tokens, pinned }: JobParts[number], index: number): void {
  unit.at.push(index);
  unit.kind = kinds[part.type];
  unit.tokens += tokens;
  unit.pinned ||= pinned;
  if (part.type === 'fragment') unit.owner = part.plugin;
  else if (part.type === 'call') unit.call = part;
  else if (part.type === 'result') unit.result = part;
}

/** Tokens of a text that a compactor adds: rather too many than too few. */
export function tokensOf(text: string): number {
  return Math.ceil(text.length / 3);
}

/** The units that a compactor may take out. */
export function isLoose(unit: Unit): boolean {
  return !unit.pinned && unit.kind !== 'tools';
}
