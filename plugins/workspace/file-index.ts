/** The paths of a folder in memory, searched with each keystroke. */

import { type FoundPath, type Indexed, indexed, lettersOf, placesOf, scoreOf } from './fuzzy.ts';

interface Scored {
  readonly one: Indexed;
  readonly score: number;
}

export class FileIndex {
  readonly #all: readonly Indexed[];
  /** What fitted the last query: a longer one fits no other. */
  #last: { readonly query: string; readonly fitting: readonly Indexed[] } = {
    query: '',
    fitting: [],
  };

  /** Of files, relative to the folder; the folders they are in come with them. */
  constructor(paths: readonly string[]) {
    const files = paths.filter((path) => path !== '');
    const folders = new Set<string>();
    for (const path of files) {
      for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
        const folder = path.slice(0, end);
        if (folders.has(folder)) break;
        folders.add(folder);
      }
    }
    const entries = [...folders].map((path) => indexed(path, true));
    this.#all = [...files.map((path) => indexed(path, false)), ...entries];
    this.#last = { query: '', fitting: this.#all };
  }

  /** The best that fit, at most so many. White space in the query does not count; without letters nothing is found. */
  find(query: string, limit: number): FoundPath[] {
    const wanted = query.toLowerCase().replaceAll(/\s+/gu, '');
    if (wanted === '') return [];
    const { query: before, fitting: known } = this.#last;
    const among = wanted.startsWith(before) ? known : this.#all;
    const letters = lettersOf(wanted);
    const fitting: Indexed[] = [];
    const best: Scored[] = [];
    for (const one of among) {
      if ((one.letters & letters) !== letters) continue;
      const score = scoreOf(one, wanted);
      if (score < 0) continue;
      fitting.push(one);
      keepBest(best, { one, score }, limit);
    }
    this.#last = { query: wanted, fitting };
    return best.map(({ one, score }) => found(one, score, wanted));
  }
}

/** Puts one in its place among the best, if it is one of them; of equals the earlier stays before. */
function keepBest(best: Scored[], next: Scored, limit: number): void {
  const last = best.at(-1);
  if (best.length >= limit && (last === undefined || !isBetter(next, last))) return;
  let at = best.length;
  for (let other = best[at - 1]; other !== undefined && isBetter(next, other); other = best[at - 1])
    at--;
  best.splice(at, 0, next);
  if (best.length > limit) best.pop();
}

function isBetter(a: Scored, b: Scored): boolean {
  return a.score > b.score;
}

function found(one: Indexed, score: number, query: string): FoundPath {
  const { path, isFolder } = one;
  return {
    path,
    kind: isFolder ? 'directory' : 'file',
    score,
    indices: placesOf(one, query) ?? [],
  };
}
