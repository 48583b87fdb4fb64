/** What `doctor` is told by the program that it is part of. */

import type { Sandbox } from '../../../core/index.ts';

/** The configuration as it was found. */
export interface FoundConfiguration {
  readonly files: readonly ConfigurationFile[];
  /** What the user should know of it. */
  readonly notices: readonly string[];
  /** Why it cannot be used as a whole. */
  readonly error?: string;
  /** Folders: all state, and threads within it. */
  readonly state: string;
  readonly threads: string;
  readonly provider: ChosenProvider;
}

/** A configuration file that is there. */
interface ConfigurationFile {
  readonly file: string;
  /** The layer it makes, such as `user` or `repository`. */
  readonly layer: string;
  readonly state: 'in force' | 'untrusted' | 'invalid';
  /** What is wrong with it, and what to do. */
  readonly message?: string;
}

/** The model plugin that would answer, or why there is none. */
export interface ChosenProvider {
  readonly name?: string;
  readonly model?: string;
  readonly baseURL?: string;
  readonly hasKey?: boolean;
  readonly error?: string;
}

/** The machine, as far as the checks look at it. */
export interface Machine {
  /** Runs a program to its end; `undefined` when there is none of that name. Output: both streams. */
  readonly run: (argv: readonly [string, ...string[]]) => Promise<Ran | undefined>;
  /** Tries what a sandbox must hold. Throws when nothing could be tried. */
  readonly prove?: (sandbox: Sandbox) => Promise<readonly Proof[]>;
  /** Why nothing can be written to a folder (which is made if it can be); `undefined` when it can. */
  readonly writeFault: (folder: string) => Promise<string | undefined>;
  /** Files below a folder and their bytes; nothing when it is not there. */
  readonly sizeOf: (folder: string) => Promise<{ readonly files: number; readonly bytes: number }>;
}

/** An attempt that must not work, as a phrase, and whether it was held. */
export interface Proof {
  readonly name: string;
  readonly held: boolean;
}

/** `code` is null when a time limit or a signal ended it. */
interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** What one check found. `advice` says what to do. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly message: string;
  readonly advice?: string;
}
