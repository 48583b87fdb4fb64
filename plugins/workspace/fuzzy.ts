/** How well a path fits a few letters: they are in it in this order, best at the beginnings of words and of the name. */

/** A path that fits. `indices`: the places of the letters in it. */
export interface FoundPath {
  readonly path: string;
  readonly kind: 'file' | 'directory';
  readonly score: number;
  readonly indices: readonly number[];
}

/** A path as it is searched: in lower case, with where its name begins and which letters it has. */
export interface Indexed {
  readonly path: string;
  readonly lower: string;
  readonly name: number;
  readonly letters: number;
  readonly isFolder: boolean;
}

/** Prepares a path. */
export function indexed(path: string, isFolder: boolean): Indexed {
  const lower = path.toLowerCase();
  return { path, lower, name: path.lastIndexOf('/') + 1, letters: lettersOf(lower), isFolder };
}

/** A bit for each letter and digit: a path that lacks one of the query's cannot fit. */
export function lettersOf(lower: string): number {
  let bits = 0;
  for (let at = 0; at < lower.length; at++) bits |= 1 << (lower.charCodeAt(at) & 31);
  return bits;
}

const base = 100_000;
const consecutive = 16;
const wordBegin = 12;
const namePlace = 6;
const maxGap = -8;

/**
 * The score of a path, or -1 when it does not fit. The letters are sought in the name first, as a whole where they stand
 * together, else each as early as it can be. Nothing is allocated: this runs for every path with every keystroke.
 */
export function scoreOf(one: Indexed, query: string): number {
  const at = wholeAt(one, query);
  if (at >= 0) return scoreWhole(one, query.length, at);
  const named =
    one.lower.indexOf(query.charAt(0), one.name) < 0 ? -1 : scoreApart(one, query, one.name);
  return named >= 0 ? named : scoreApart(one, query, 0);
}

/** Where the whole query stands; -1: nowhere. */
function wholeAt({ lower, name }: Indexed, query: string): number {
  const first = lower.indexOf(query);
  if (first < 0 || first >= name) return first;
  const inName = lower.indexOf(query, name);
  return inName < 0 ? first : inName;
}

function scoreWhole({ path, name }: Indexed, length: number, at: number): number {
  const start = isWordBegin(path, at) ? wordBegin : 0;
  const place = at >= name ? namePlace * length : 0;
  return base - path.length + start + place + consecutive * (length - 1);
}

function scoreApart({ path, lower, name }: Indexed, query: string, from: number): number {
  let score = base - path.length;
  let last = from - 1;
  for (let index = 0; index < query.length; index++) {
    const at = lower.indexOf(query.charAt(index), last + 1);
    if (at < 0) return -1;
    if (index > 0) score += at === last + 1 ? consecutive : Math.max(maxGap, last + 1 - at);
    if (isWordBegin(path, at)) score += wordBegin;
    if (at >= name) score += namePlace;
    last = at;
  }
  return Math.max(0, score);
}

/** The places of the query's letters, where its score is from; `undefined` when it does not fit. */
export function placesOf(one: Indexed, query: string): readonly number[] | undefined {
  const whole = wholeAt(one, query);
  if (whole >= 0) return Array.from(query, (_letter, index) => whole + index);
  return inOrder(one.lower, query, one.name) ?? inOrder(one.lower, query, 0);
}

function inOrder(lower: string, query: string, from: number): readonly number[] | undefined {
  const places: number[] = [];
  let at = from - 1;
  for (let index = 0; index < query.length; index++) {
    at = lower.indexOf(query.charAt(index), at + 1);
    if (at < 0) return undefined;
    places.push(at);
  }
  return places;
}

function isWordBegin(path: string, at: number): boolean {
  if (at === 0) return true;
  const before = path.charCodeAt(at - 1);
  const isMark = before === 47 || before === 95 || before === 45 || before === 46 || before === 32; // / _ - . space
  const code = path.charCodeAt(at);
  const isUpper = code >= 65 && code <= 90;
  return isMark || (isUpper && before >= 97 && before <= 122);
}
