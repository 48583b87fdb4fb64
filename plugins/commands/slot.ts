/** Where commands come from that are not there when the program starts. */

import { list, type Command } from '../../core/index.ts';

/** Looked at whenever commands are asked for: files that people edit, things that come and go. */
export interface CommandSource {
  readonly list: () => Promise<FoundCommands>;
}

/** The commands there are now, and files that are left out, with line and reason. */
export interface FoundCommands {
  readonly commands: readonly SourcedCommand[];
  readonly faults: readonly {
    readonly path: string;
    readonly line: number;
    readonly reason: string;
  }[];
}

/** `from`: the file, or whose it is. */
export type SourcedCommand = Command & { readonly from: string };

/** What the slot `commands` holds comes before these; of one name the first counts. */
export const commandSources = list<CommandSource>('commandSources');
