/** Which known word somebody may have meant. */

/** ` Did you mean "x"?` for the nearest of `known`, or nothing when none is near. Begins with a space. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const near = nearest(word, known);
  return near === undefined ? '' : ` Did you mean "${near}"?`;
}

/** The known word with the fewest edits to `word`: at most a third of its letters, two at least. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const bound = Math.max(2, Math.floor(word.length / 3));
  let best: { readonly name: string; readonly edits: number } | undefined;
  for (const name of known) {
    if (Math.abs(name.length - word.length) > bound) continue;
    const edits = distance(word.toLowerCase(), name.toLowerCase());
    if (edits <= bound && edits < name.length && (best === undefined || edits < best.edits)) {
      best = { name, edits };
    }
  }
  return best?.name;
}

/** Edits between two words: insert, delete, replace, swap neighbours (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let edits = Math.min(at(previous, j) + 1, at(row, j - 1) + 1, at(previous, j - 1) + cost);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) edits = Math.min(edits, at(before, j - 2) + 1);
      row.push(edits);
    }
    before = previous;
    previous = row;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
