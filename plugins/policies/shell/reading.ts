/** What the readers of a tree share. */

import type { Assignment, Redirect, Segment, Word } from './script.ts';
import type { Tree } from './tree.ts';

/** How a text is read. */
export interface ReadOptions {
  /** As a plain POSIX shell would; what only Bash has is then unknown. */
  readonly isPosix: boolean;
}

/** What a command is made of, as it is found. */
export interface Parts {
  readonly words: Word[];
  readonly assignments: Assignment[];
  readonly redirects: Redirect[];
}

/** Readers of statements, which reach each other through this. */
export interface Readers {
  readonly block: (reading: Reading, node: Tree) => void;
  readonly statement: (reading: Reading, node: Tree) => void;
}

type Place = Pick<Tree, 'start' | 'end'>;

/** No words, no redirections. */
export function noParts(): Parts {
  return { words: [], assignments: [], redirects: [] };
}

/** Blanks, and line ends that are escaped. */
export const blank = /^(?:[ \t]|\\\n)*$/;
/** Blanks and line ends. */
const blankLines = /^(?:[ \t\n]|\\\n)*$/;

/** Tokens and nodes that a plain POSIX shell does not know. */
const bashOnly: ReadonlySet<string> = new Set(
  'ansi_c_string process_substitution herestring_redirect [[ |& &> &>>'.split(' '),
);

/** The reading of one text: what was found, and what was not understood. */
export class Reading {
  readonly text: string;
  readonly segments: Segment[] = [];
  readonly readers: Readers;
  /** Ends of the lines on which a here-document was announced. */
  readonly hereLines: Set<number> = new Set();
  /** How many loops are open. */
  loops = 0;
  /** The first thing that was not understood. */
  unknown: string | undefined;
  readonly #isPosix: boolean;

  constructor(text: string, readers: Readers, { isPosix }: ReadOptions) {
    this.text = text;
    this.readers = readers;
    this.#isPosix = isPosix;
  }

  doubt(reason: string): undefined {
    this.unknown ??= reason;
    return undefined;
  }

  checkDialect(kind: string): void {
    if (this.#isPosix && bashOnly.has(kind)) this.doubt(`${kind} is Bash's own`);
  }

  written({ start, end }: Place): string {
    return this.text.slice(start, end);
  }

  block(node: Tree): void {
    this.readers.block(this, node);
  }

  statement(node: Tree): void {
    this.readers.statement(this, node);
  }

  /** Keeps a command that was found. */
  add(place: Place, { words, assignments, redirects }: Parts): void {
    const text = this.written(place).trimEnd();
    const isRepeated = this.loops > 0;
    this.segments.push({ text, at: place.start, words, assignments, redirects, isRepeated });
  }

  /** Parts of a command with blanks between them; before a redirection none is needed. */
  sequence(nodes: readonly Tree[], read: (node: Tree) => void = () => {}): void {
    let at: number | undefined;
    for (const node of nodes) {
      const gap = this.text.slice(at ?? node.start, node.start);
      const isApart = at === undefined || /[ \t]/.test(gap);
      const isMark = node.kind.endsWith('_redirect') && /[<>&]/.test(this.text[node.start] ?? '');
      if (!blank.test(gap) || !(isApart || isMark)) this.doubt('words are not clearly apart');
      read(node);
      at = node.end;
    }
  }

  /** Whether a line ends in a gap between statements. */
  gap(start: number, end: number): boolean {
    const gap = this.text.slice(start, end);
    if (!blankLines.test(gap)) this.doubt(`"${gap.trim()}" is not understood`);
    return gap.replaceAll('\\\n', '').includes('\n');
  }
}
