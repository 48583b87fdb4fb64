/** Runs that take turns, so that whatever else the machine does falls on all of them alike. */

/** The runs of several programs by the programs' names. */
export type Runs<Name extends string, T> = Readonly<Record<Name, readonly T[]>>;

/**
 * Runs each once without counting it, which fills caches; then `count` rounds of all, every other one backwards.
 * Nothing runs at the same time.
 */
export async function takeTurns<Name extends string, T>(
  count: number,
  programs: Readonly<Record<Name, () => Promise<T>>>,
): Promise<Runs<Name, T>> {
  const names = Object.keys(programs) as Name[]; // the record's own
  const runs = Object.fromEntries(names.map((name) => [name, [] as T[]])) as Record<Name, T[]>;
  for (const name of names) await programs[name]();
  for (let round = 0; round < count; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      runs[name].push(await programs[name]());
    }
  }
  return runs;
}

/** The middle value; the mean of the two in the middle of an even count. Throws for no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error('expected values, but got none');
  return (low + high) / 2;
}
