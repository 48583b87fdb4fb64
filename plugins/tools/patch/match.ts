/** The lines of a file, ready to be searched; what a pass needs is made when that pass is first tried. */
export interface LineIndex {
  readonly lines: readonly string[];
  readonly view: (pass: number) => View;
}

interface View {
  /** Where each line stands first, per line: equal lines have equal numbers. */
  readonly ids: Int32Array;
  /** Where each line stands, in order. */
  readonly positions: ReadonlyMap<string, readonly number[]>;
}

/** What two lines must share to count as equal, strictest first; only the first that finds anything counts. */
const passes: readonly ((line: string) => string)[] = [
  (line) => line,
  (line) => line.trimEnd(),
  (line) => line.trim(),
  plainLine,
];

/** The line without surrounding whitespace, and with ASCII for Unicode's dashes, quotes and spaces: the loosest pass. */
export function plainLine(line: string): string {
  if (!/[\u0080-\uFFFF]/u.test(line)) return line.trim();
  return line
    .replaceAll(/[\u2010-\u2015\u2212\uFE58\uFE63\uFF0D]/gu, '-')
    .replaceAll(/[\u2018-\u201B]/gu, "'")
    .replaceAll(/[\u201C-\u201F]/gu, '"')
    .replaceAll(/[\u00A0\u2000-\u200A\u202F\u205F\u3000]/gu, ' ')
    .trim();
}

/** Prepares lines for `findRuns`. */
export function indexLines(lines: readonly string[]): LineIndex {
  const views: View[] = [];
  return { lines, view: (pass) => (views[pass] ??= makeView(lines, passes[pass] ?? plainLine)) };
}

function makeView(lines: readonly string[], shape: (line: string) => string): View {
  const ids = new Int32Array(lines.length);
  const positions = new Map<string, number[]>();
  for (const [index, line] of lines.entries()) {
    const key = shape(line);
    const found = positions.get(key);
    if (found === undefined) positions.set(key, [index]);
    else found.push(index);
    ids[index] = found?.[0] ?? index;
  }
  return { ids, positions };
}

/** Where each line stands by the loosest pass, keyed by `plainLine`. */
export function plainPositions(index: LineIndex): ReadonlyMap<string, readonly number[]> {
  return index.view(passes.length - 1).positions;
}

/**
 * Where the wanted lines (at least one) stand in a row: what `select` leaves of the ascending starts, in the strictest
 * pass in which it leaves any; else nothing.
 */
export function findRuns(
  index: LineIndex,
  wanted: readonly string[],
  select: (starts: readonly number[]) => readonly number[],
): readonly number[] {
  for (const [pass, shape] of passes.entries()) {
    const found = select(runsIn(index.view(pass), wanted.map(shape)));
    if (found.length > 0) return found;
  }
  return [];
}

/** Knuth, Morris and Pratt's search: time in proportion to file and wanted lines, even if all of them are equal. */
function runsIn(view: View, wanted: readonly string[]): readonly number[] {
  const ids = wanted.map((line) => view.positions.get(line)?.[0] ?? -1);
  if (ids.includes(-1)) return [];
  const borders = bordersOf(ids);
  const starts: number[] = [];
  let matched = 0;
  for (const [at, id] of view.ids.entries()) {
    while (matched > 0 && ids[matched] !== id) matched = borders[matched - 1] ?? 0;
    if (ids[matched] === id) matched++;
    if (matched === ids.length) starts.push(at + 1 - matched);
  }
  return starts;
}

/** For each beginning of the list, how long the longest shorter beginning is that also ends it. */
function bordersOf(ids: readonly number[]): readonly number[] {
  const borders = [0];
  let matched = 0;
  for (const id of ids.slice(1)) {
    while (matched > 0 && ids[matched] !== id) matched = borders[matched - 1] ?? 0;
    if (ids[matched] === id) matched++;
    borders.push(matched);
  }
  return borders;
}

/** For each of `froms` (ascending) the first of `starts` (ascending) at or after it, each once. */
export function firstsFrom(starts: readonly number[], froms: readonly number[]): readonly number[] {
  const firsts: number[] = [];
  let next = 0;
  for (const from of froms) {
    while ((starts[next] ?? Infinity) < from) next++;
    const first = starts[next];
    if (first === undefined) break;
    if (firsts.at(-1) !== first) firsts.push(first);
  }
  return firsts;
}
