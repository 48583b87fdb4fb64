/** What a command line comes to: the commands in it, each with its words. */

/** A word as the shell makes it of what is written. */
export interface Word {
  /** As it is written. */
  readonly text: string;
  /** What it comes to; absent where only the shell will know. */
  readonly value?: string;
  /** What it surely begins with: all of it, or what stands before the first expansion. */
  readonly start: string;
  /** Whether it may come to several words or none (an expansion without quotes, a pattern, braces). */
  readonly isMany: boolean;
  /** Whether it is written without quotes and escapes. */
  readonly isPlain: boolean;
}

/** A variable that is set, for one command or (when it has no words) for all that follow. */
export interface Assignment {
  readonly name: string;
  readonly value: Word;
}

/** A redirection. `copy`: of a descriptor, which touches no file. A here-document has no target. */
export interface Redirect {
  readonly kind: 'read' | 'write' | 'copy' | 'text';
  readonly target?: Word;
}

/** A simple command, or only redirections of a compound one. */
export interface Segment {
  /** As it is written. */
  readonly text: string;
  /** Its offset in the text. */
  readonly at: number;
  readonly words: readonly Word[];
  readonly assignments: readonly Assignment[];
  readonly redirects: readonly Redirect[];
  /** Whether it stands in a loop. */
  readonly isRepeated: boolean;
  /** The commands that it runs, when that is all it is for. */
  readonly runs?: Runs;
}

/** What a command such as `timeout` or `xargs` runs. */
export interface Runs {
  /** How many of the words come before what it runs. */
  readonly own: number;
  /**
   * `only` that, and nothing else; `also` that, beside what it does itself; `as another`: with other rights, or
   * elsewhere.
   */
  readonly how: 'only' | 'also' | 'as another';
  readonly segments: readonly Segment[];
}

/** A command line. */
export interface Script {
  /** All that were found, in the order they are written; not all there are when something is `unknown`. */
  readonly segments: readonly Segment[];
  /** What is not understood, if anything is. */
  readonly unknown?: string;
}

/** A word that stands for itself. */
export function literalWord(value: string): Word {
  return { text: value, value, start: value, isMany: false, isPlain: true };
}

/** The segments and all that they run, one after the other. */
export function* withRuns(segments: readonly Segment[]): Generator<Segment> {
  for (const segment of segments) {
    yield segment;
    if (segment.runs !== undefined) yield* withRuns(segment.runs.segments);
  }
}
