/** Commands as people are shown them: exactly what will run, with nothing that hides, moves or overwrites text. */

import { posix } from 'node:path';

/** Controls but line end and tab, what has no width or turns the direction, odd blanks, and what has no meaning. */
const unseen = /(?![\n\t ])(?:[\p{C}\p{Z}\u2800]|\p{Default_Ignorable_Code_Point})/gu;

/** A text whose unseen characters are written as `\u{202e}`. Line ends and tabs stay. */
export function showText(text: string): string {
  return text.replaceAll(unseen, (mark) => `\\u{${mark.codePointAt(0)?.toString(16)}}`);
}

/** A process's arguments as one would type them; of a shell with `-c`, its text alone. */
export function showCommand(argv: readonly string[]): string {
  return showText(scriptOf(argv) ?? argv.map(quoted).join(' '));
}

/** The text that a shell is given with `-c`. */
export function scriptOf(argv: readonly string[]): string | undefined {
  const [program = '', flag, script, ...more] = argv;
  const isShell = /^(?:ba|da)?sh$/.test(posix.basename(program)) && program !== '';
  return isShell && flag === '-c' && more.length === 0 ? script : undefined;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
