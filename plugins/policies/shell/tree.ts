/** The syntax tree of a command as plain data, so that what reads it needs no parser. */

/** A node. `kind` is the grammar's own name of it; what the grammar could not place is `ERROR` or `MISSING`. */
export interface Tree {
  readonly kind: string;
  /** Whether the grammar names it; otherwise `kind` is the text of a token. */
  readonly isNamed: boolean;
  /** UTF-16 offsets in the text. */
  readonly start: number;
  readonly end: number;
  readonly children: readonly Tree[];
}

/** Parses a text; `undefined` when that takes too long. */
export type ParseText = (text: string) => Tree | undefined;
