/** The commands that list what `.agents` folders hold. */

import type { Command, SharedFlags } from './flags.ts';

/** They start no thread. */
export function agentCommands({ json, configuration }: SharedFlags): readonly Command[] {
  const listing = { usage: [''], flags: [json, ...configuration], words: [0, 0] } as const;
  return [
    {
      ...listing,
      name: 'skill list',
      description: 'Show skills, where they are from, whether they count, and bad files.',
      frontEnd: 'skill',
    },
    {
      ...listing,
      name: 'agent list',
      description: 'Show the roles of sub-agents, whether they count, and bad files.',
      frontEnd: 'agent',
    },
    {
      ...listing,
      name: 'command list',
      description: 'Show what can be typed as /name argument, and bad files.',
      frontEnd: 'command',
    },
  ];
}
