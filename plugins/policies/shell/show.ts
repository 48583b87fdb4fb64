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
  const [program = '', flag, script, ...more] = argv;
  const isShell = /^(?:ba|da)?sh$/.test(posix.basename(program)) && program !== '';
  if (isShell && flag === '-c' && script !== undefined && more.length === 0)
    return showText(script);
  return argv.map(quoted).map(showText).join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
