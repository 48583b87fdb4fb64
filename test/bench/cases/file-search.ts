import { FileIndex } from '../../../plugins/workspace/file-index.ts';
import type { Case } from '../case.ts';
import { median } from '../rounds.ts';

const words =
  'core plugin front end server item thread test kernel config main index view window'.split(' ');
const paths = 100_000;

/** What people type, letter by letter. */
const typed = ['thread', 'srvitm', 'kernel9', 'cfgmain42', 'x', 'testview'];

/** What a keystroke takes in the app server's search for files, once their names are listed. */
export const fileSearch: Case = {
  name: 'file-search',
  run: ({ scale }) => {
    const index = new FileIndex(Array.from({ length: paths }, (_none, at) => pathOf(at)));
    const slowest: number[] = [];
    for (let round = 0; round <= scale.rounds; round++) {
      const times = typed.flatMap((query) =>
        Array.from(query, (_letter, at) => {
          const started = performance.now();
          index.find(query.slice(0, at + 1), 50);
          return performance.now() - started;
        }),
      );
      if (round > 0) slowest.push(Math.max(...times)); // the first is compiled meanwhile
    }
    return Promise.resolve([
      {
        what: 'file search: the slowest keystroke over 100,000 paths',
        value: median(slowest),
        unit: 'ms' as const,
        target: 30,
        from: `${typed.join('').length} keystrokes`,
      },
    ]);
  },
};

/** The same at every run, and without a pattern that the search could use. */
function pathOf(at: number): string {
  const word = (factor: number) => words[(at * factor) % words.length] ?? '';
  return `${word(7)}/${word(3)}-${word(11)}/${word(13)}/${word(5)}${at}.ts`;
}
