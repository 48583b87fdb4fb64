/** The configuration, as the app server's program lets clients read and write it. */

/** Where a layer is from. */
export interface LayerPlace {
  readonly name: 'managed' | 'flag' | 'environment' | 'repository' | 'user' | 'default';
  readonly file?: string;
  /** Of its values: another version, other values. */
  readonly version: string;
}

/** What one layer says; secrets are redacted. */
export interface ShownLayer extends LayerPlace {
  readonly values: Values;
  /** Why some of it does not count. */
  readonly lost?: string;
}

type Values = Readonly<Record<string, unknown>>;

/** The configuration of a folder. */
export interface ShownConfiguration {
  /** What is in force, with secrets redacted. */
  readonly values: Values;
  /** Strongest first, the managed ones before all others. */
  readonly layers: readonly ShownLayer[];
  /** Which layer a value is from, by its dotted key. */
  readonly origins: Readonly<Record<string, LayerPlace>>;
}

/** One change of the user's own file. `null` takes the value away; `isMerged` puts sections into one another. */
export interface Edit {
  readonly key: string;
  readonly value: unknown;
  readonly isMerged: boolean;
}

/** Which file, by its version, is to be written; another one is `conflict`. */
export interface WriteOptions {
  readonly version?: string;
  readonly file?: string;
}

export interface WrittenConfiguration {
  readonly file: string;
  readonly version: string;
  /** A value that was written and does not count, and the layer that says otherwise. */
  readonly overridden?: {
    readonly key: string;
    readonly by: LayerPlace;
    readonly value: unknown;
  };
}

/** What an administrator allows; a key that is absent may be anything. `undefined`: there is no managed policy. */
export interface Requirements {
  readonly sandbox?: readonly string[];
  readonly approval?: readonly string[];
  readonly provider?: string;
}

/** One hook as the configuration has it. */
export interface ShownHook {
  readonly event: string;
  readonly matcher?: string;
  readonly command: string;
  readonly timeoutSec: number;
  readonly place: LayerPlace;
}

/** Throws KernelError: `invalid` with file and key, `not_found`, `conflict`. */
export interface ServedConfiguration {
  readonly read: (folder?: string) => Promise<ShownConfiguration>;
  readonly write: (edits: readonly Edit[], options: WriteOptions) => Promise<WrittenConfiguration>;
  readonly requirements: () => Promise<Requirements | undefined>;
  readonly hooks: (folder?: string) => Promise<readonly ShownHook[]>;
}
