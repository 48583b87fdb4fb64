/** One line of a chunk without its mark and line ending: ' ' stays, '+' is added, '-' is removed. */
export interface ChunkLine {
  readonly op: ' ' | '+' | '-';
  readonly text: string;
}

/** One place to change in a file. */
export interface Chunk {
  /** Lines of the file that stand above the place, outermost first, as given after `@@`; may be empty. */
  readonly anchors: readonly string[];
  /** At least one line, in the order of the patch. */
  readonly lines: readonly ChunkLine[];
  /** `*** End of File` stood below it: the place is the end of the file. */
  readonly atEnd: boolean;
  /** Where it begins in the patch, counted from 1; for messages only. */
  readonly patchLine: number;
}

/** What a patch does to one file. Paths are as written, not yet checked. `text` ends in a newline or is empty. */
export type Section =
  | {
      readonly kind: 'add';
      readonly path: string;
      readonly text: string;
      readonly patchLine: number;
    }
  | { readonly kind: 'delete'; readonly path: string; readonly patchLine: number }
  | UpdateSection;

/** An update: `to` is the new path of a file that moves; `chunks` is empty for a move alone. */
export interface UpdateSection {
  readonly kind: 'update';
  readonly path: string;
  readonly to?: string;
  readonly chunks: readonly Chunk[];
  readonly patchLine: number;
}

/** A whole patch: at least one section, in the order written. */
export interface Patch {
  readonly sections: readonly Section[];
}

/**
 * Why a patch cannot be applied. `message` says what was expected, what came and what to do, for the model to read.
 * - `syntax`: the text is no patch
 * - `path`: a path outside the workspace, or not a path
 * - `conflict`: two sections that do not go together, or a file that is in the way
 * - `missing`: a file to update or delete is not there
 * - `unreadable`: a file is binary, or could not be read as text
 * - `not-found`: the lines or the anchor of a chunk are not in the file
 * - `ambiguous`: the lines of a chunk are in the file more than once and nothing decides
 * - `unchanged`: the files are already what the patch makes them
 */
export interface PatchFailure {
  readonly code:
    | 'syntax'
    | 'path'
    | 'conflict'
    | 'missing'
    | 'unreadable'
    | 'not-found'
    | 'ambiguous'
    | 'unchanged';
  readonly message: string;
  /** The file it is about, as the patch names it. */
  readonly path?: string;
}

/** A value, or the reasons why there is none: at least one. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failures: readonly PatchFailure[] };

/** A successful outcome. */
export function success<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

/** A failed outcome with one reason. */
export function failure(code: PatchFailure['code'], message: string): Outcome<never> {
  return { ok: false, failures: [{ code, message }] };
}

/** A text as a message quotes it: on one line, at most 80 characters. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}
