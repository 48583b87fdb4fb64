/** A new window as the kernel takes it: ranges of what stays, in order, and new fragments between them. */

import type { FragmentItem, WindowEntry } from '../../../core/index.ts';
import type { Split } from './split.ts';
import type { JobParts } from './units.ts';

export interface NewWindow {
  /** Whether the part at this place stays. */
  readonly isKept: (index: number) => boolean;
  /** New fragments, by the place after which they come; -1 is before all. */
  readonly added: ReadonlyMap<number, NewFragment>;
}

export type NewFragment = Omit<FragmentItem, 'type'>;

/** A fragment of a compactor. It is data, in the role of the least power, and gives way to the next compaction. */
export function fragmentOf(plugin: string, text: string): NewFragment {
  return { plugin, source: plugin, stability: 'turn', role: 'user', text, pinned: false };
}

/**
 * The entries of a new window. Fragments of an earlier compaction all have its ordinal, which is greater than those of
 * parts behind them: they cannot be kept by a range, so those that stay are put in as new ones.
 */
export function entriesOf(parts: JobParts, { isKept, added }: NewWindow): readonly WindowEntry[] {
  const again = foreignTo(parts);
  const first = added.get(-1);
  const groups: { readonly n: number; readonly entries: WindowEntry[] }[] = [
    { n: -1, entries: first === undefined ? [] : [{ fragment: first }] },
  ];
  parts.forEach(({ part }, index) => {
    if (isKept(index) && !again.has(index))
      groups.push({ n: part.n, entries: [{ keep: [part.n, part.n] }] });
    const copy =
      isKept(index) && again.has(index) && part.type === 'fragment' ? copyOf(part) : undefined;
    for (const fragment of [copy, added.get(index)]) {
      if (fragment !== undefined) groups.at(-1)?.entries.push({ fragment });
    }
  });
  const dropped = parts.flatMap(({ part }, index) =>
    isKept(index) && !again.has(index) ? [] : [part.n],
  );
  const entries = groups.toSorted((a, b) => a.n - b.n).flatMap((group) => group.entries);
  return joined(
    entries,
    dropped.toSorted((a, b) => a - b),
  );
}

/** Places of loose fragments that share their ordinal, or stand before a smaller one. */
function foreignTo(parts: JobParts): ReadonlySet<number> {
  const foreign = new Set<number>();
  let least = Infinity;
  for (let index = parts.length - 1; index >= 0; index--) {
    const { part, pinned } = parts[index] ?? { part: undefined, pinned: true };
    if (part === undefined) continue;
    const isShared = part.n === parts[index - 1]?.part.n || part.n >= least;
    if (part.type === 'fragment' && !pinned && isShared) foreign.add(index);
    least = Math.min(least, part.n);
  }
  return foreign;
}

function copyOf(part: FragmentItem): NewFragment {
  const { plugin, source, stability, role, text, pinned, opaque } = part;
  const sealed = opaque === undefined ? {} : { opaque };
  return { plugin, source, stability, role, text, pinned, ...sealed };
}

/** The window in which one fragment, before the newest answers, stands for all that goes. */
export function windowOf(
  { parts }: { readonly parts: JobParts },
  { gone, tailStart }: Pick<Split, 'gone' | 'tailStart'>,
  fragment: NewFragment,
): readonly WindowEntry[] {
  const dropped = new Set([...gone].flatMap((unit) => unit.at));
  const added = new Map([[tailStart - 1, fragment]]);
  return entriesOf(parts, { isKept: (index) => !dropped.has(index), added });
}

/** Neighbouring ranges become one, unless something that goes lies between them. */
function joined(
  entries: readonly WindowEntry[],
  dropped: readonly number[],
): readonly WindowEntry[] {
  const result: WindowEntry[] = [];
  let next = 0;
  for (const entry of entries) {
    const last = result.at(-1);
    if ('keep' in entry && last !== undefined && 'keep' in last) {
      const [from, to] = [last.keep[1], entry.keep[0]];
      while ((dropped[next] ?? Infinity) < from) next++;
      if (to === from) continue;
      if ((dropped[next] ?? Infinity) > to) {
        result[result.length - 1] = { keep: [last.keep[0], to] };
        continue;
      }
    }
    result.push(entry);
  }
  return result;
}
