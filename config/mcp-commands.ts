/** The commands of `spindle mcp`. */

import type { Command, SharedFlags } from './flags.ts';

/** All but `approve` ask the plugin. */
export function mcpCommands({ json, configuration }: SharedFlags): readonly Command[] {
  return [
    command('list', {
      usage: [''],
      description: 'Start every MCP server and show its state, start time and tools.',
      flags: [
        json,
        { name: 'known', description: 'Start none: show what is known of them.' },
        ...configuration,
      ],
      words: [0, 0],
    }),
    command('get', {
      usage: ['SERVER'],
      description: 'Show one server and its tools.',
      flags: [json, ...configuration],
      words: [1, 1],
    }),
    command('diff', {
      usage: ['SERVER'],
      description: 'Show how its tools differ from what was accepted: exit code 1 if they do.',
      flags: [json, ...configuration],
      words: [1, 1],
    }),
    command('accept', {
      usage: ['SERVER [TOOL…]'],
      description: 'Accept its tools as they are now.',
      flags: [...configuration],
      words: [1, 1000],
    }),
    command('login', {
      usage: ['SERVER'],
      description: 'Log in to a server: prints the address to open.',
      flags: [
        { name: 'scope', value: 'SCOPE', description: 'What to ask for; default: what it wants.' },
        ...configuration,
      ],
      words: [1, 1],
    }),
    command('logout', {
      usage: ['SERVER'],
      description: 'Forget its tokens.',
      flags: [...configuration],
      words: [1, 1],
    }),
    {
      name: 'mcp approve',
      usage: ['SERVER…'],
      description: "Let servers of this repository's files be started.",
      flags: [{ name: 'revoke', description: 'Take it back.' }, ...configuration],
      words: [1, 100],
    },
  ];
}

function command(name: string, about: Omit<Command, 'name' | 'frontEnd'>): Command {
  return { name: `mcp ${name}`, ...about, frontEnd: 'mcp' };
}
