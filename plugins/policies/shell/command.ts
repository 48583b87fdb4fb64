/** From the arguments of a process to the commands in them. */

import { posix } from 'node:path';

import { readTree } from './read.ts';
import { withAllRuns } from './runs.ts';
import { literalWord, type Script, type Segment } from './script.ts';
import type { ParseText } from './tree.ts';

/** A longer text is not looked at. */
const maxLength = 32_768;
/** How often a shell may start a shell. */
const maxNesting = 3;

/**
 * What starting these arguments runs: of a shell with `-c` the commands of its text, else the one command. The parser
 * is asked for only when there is a text.
 */
export async function readArgv(
  argv: readonly string[],
  parser: () => Promise<ParseText>,
): Promise<Script> {
  if (argv.length === 0) return { segments: [], unknown: 'there is no command' };
  const parse = argv.some(isShell) ? await parser() : () => undefined;
  const words = argv.map(literalWord);
  const segment: Segment = { ...plain, text: argv.join(' '), words };
  const script = withAllRuns({ segments: [segment] }, (text, shell) =>
    readText(text, { parse, shell, nesting: 1 }),
  );
  const runs = isShell(argv[0] ?? '') ? script.segments[0]?.runs : undefined;
  return runs?.how === 'only' ? { ...script, segments: runs.segments } : script;
}

const plain = { at: 0, isRepeated: false, assignments: [], redirects: [] };

function isShell(word: string): boolean {
  return /^(?:ba|da)?sh$/.test(posix.basename(word));
}

interface Nested {
  readonly parse: ParseText;
  readonly shell: string;
  readonly nesting: number;
}

function readText(text: string, { parse, shell, nesting }: Nested): Script {
  const reason = doubtOf(text, nesting);
  if (reason !== undefined) return { segments: [], unknown: reason };
  const tree = parse(text);
  if (tree === undefined) return { segments: [], unknown: 'it takes too long to read' };
  const script = readTree(tree, text, { isPosix: shell !== 'bash' });
  return withAllRuns(script, (inner, name) =>
    readText(inner, { parse, shell: name, nesting: nesting + 1 }),
  );
}

/** Characters that cannot be seen, and blanks that are none to a shell. */
const unseen = /(?![\n\t ])[\p{C}\p{Z}]/u;

function doubtOf(text: string, nesting: number): string | undefined {
  if (text.length > maxLength) return `it has ${text.length} characters`;
  if (unseen.test(text)) return 'it holds characters that cannot be seen';
  return nesting > maxNesting ? 'shells start shells' : undefined;
}
