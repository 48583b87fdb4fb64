/** The slot in which model plugins offer their host's own compaction. */

import {
  named,
  type ModelContext,
  type Opaque,
  type Part,
  type Settings,
} from '../../core/index.ts';

/** A host's own way to make a window smaller, for what only that host can read. Its name is the provider's. */
export interface ProviderCompaction {
  readonly name: string;
  /** Rejects with a ModelError, of status 404, 405 or 501 where the host has no such way. */
  readonly compact: (asked: CompactionAsked, context: ModelContext) => Promise<Opaque>;
}

/** The parts that are to be made into one, in order. */
export interface CompactionAsked {
  readonly thread: string;
  readonly settings: Settings;
  readonly parts: readonly Part[];
}

export const providerCompactions = named<ProviderCompaction>('providerCompactions');
