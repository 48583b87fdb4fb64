/** Which plugin is behind a part of a window. */

import type { DescribedEntry, Description } from '../../../core/index.ts';

/** Names of plugins, by what they added. What nobody adds any more keeps its own name. */
export interface Owners {
  readonly ofTool: (name: string) => string;
  /** By the name of the prompt source, which its fragments hold. */
  readonly ofSource: (name: string) => string;
  /** Plugins that wrap the model, the outermost first. */
  readonly wrappers: readonly string[];
}

/** The owners by what `kernel/describe` says. */
export function ownersIn({ slots }: Pick<Description, 'slots'>): Owners {
  const entries = (name: string) => slots.find(({ slot }) => slot === name)?.entries ?? [];
  const byTool = named(entries('tools'));
  const bySource = new Map(
    entries('prompts')
      .toReversed()
      .map(({ name, plugin }) => [name, plugin]),
  );
  return {
    ofTool: (name) => byTool.get(name) ?? name,
    ofSource: (name) => bySource.get(name) ?? name,
    wrappers: entries('aroundModel').map(({ plugin }) => plugin),
  };
}

/** Names in force as a slot gives them: the first keeps the plain one, a later one has its plugin's before it. */
function named(entries: readonly DescribedEntry[]): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  for (const { name, plugin } of entries) {
    let became = name;
    for (let count = 1; owners.has(became); count++)
      became = `${plugin}__${name}${count > 1 ? `_${count}` : ''}`;
    owners.set(became, plugin);
  }
  return owners;
}
