import { frontEnds } from '../../core/index.ts';
import type { Plugin } from '../../core/index.ts';
import { listingFrontEnd } from './command-line/listing.ts';
import { line } from './terminal/style.ts';
import { table } from './terminal/table.ts';
import { badFileLines, type BadFile } from './view/bad-files.ts';

/** What of the answer to `command/list` is shown. */
interface CommandList {
  readonly commands: readonly {
    readonly name: string;
    readonly description: string;
    readonly from: string;
  }[];
  readonly faults: readonly BadFile[];
}

/** `spindle command list` shows what can be typed as `/name argument`. It needs the plugin `commands`. */
export default function command(): Plugin {
  return { name: 'command', api: 1, setup: (host) => void host.add(frontEnds, listing) };
}

const listing = listingFrontEnd<CommandList>({
  name: 'command',
  description: 'Slash commands: command list',
  request: 'command/list',
  linesOf: ({ commands, faults }, style) => {
    const rows = commands.map(({ name, description, from }) => [
      `/${name}`,
      line(description, 70),
      from,
    ]);
    const shown = table([['COMMAND', 'ABOUT', 'FROM'], ...rows]).trimEnd();
    return [shown, ...badFileLines(faults, style)];
  },
});
