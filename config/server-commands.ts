/** The commands that serve others. */

import type { Command, Flag, SharedFlags } from './flags.ts';

const mcpFlags: readonly Flag[] = [
  {
    name: 'root',
    value: 'DIR',
    many: true,
    description: 'Calls may work in this folder; default: this one and those of the host.',
  },
  {
    name: 'http',
    takesWord: true,
    description:
      'Listen for HTTP, by default on 127.0.0.1 and a free port; SPINDLE_MCP_TOKEN is its token.',
  },
  {
    name: 'sampling',
    description: "The host's own model answers: Spindle needs no key.",
  },
  {
    name: 'expose',
    value: 'NAME',
    choices: ['tools'],
    description: "Also offer the agent's own tools, and those of plugins, under the same gate.",
  },
  {
    name: 'compat',
    value: 'NAME',
    choices: ['codex'],
    description: 'Also offer the tools under the names and shapes of another server.',
  },
];

/** Settings are the defaults of new threads, in every folder that is served. */
export function serverCommands({ settings, configuration }: SharedFlags): readonly Command[] {
  return [
    schemaCommand,
    {
      name: 'app-server',
      usage: [''],
      description: 'Serve editors, terminals and browsers: threads, turns and items as JSON-RPC.',
      flags: [
        {
          name: 'listen',
          value: 'ADDRESS',
          many: true,
          description:
            'stdio:// (the default), unix://PATH, ws://HOST:PORT or http://HOST:PORT; may come again.',
        },
        ...settings.filter(({ key }) => key !== undefined).map(own),
        ...configuration,
      ],
      words: [0, 0],
      frontEnd: 'app-server',
    },
    {
      name: 'mcp-server',
      usage: ['', '--http [HOST:PORT]'],
      description: 'Offer the agent to other programs over MCP: on stdin and stdout, or over HTTP.',
      flags: [
        ...mcpFlags,
        ...settings.filter(({ key }) => key !== undefined).map(own),
        ...configuration,
      ],
      words: [0, 1],
      frontEnd: 'mcp-server',
    },
  ];
}

const own = (flag: Flag): Flag => ({ ...flag, isOwn: true });

const schemaCommand: Command = {
  name: 'app-server schema',
  usage: ['--out DIR'],
  description: 'Write the protocol of the app server as JSON Schemas and TypeScript.',
  flags: [{ name: 'out', value: 'DIR', description: 'The folder to write to.' }],
  words: [0, 0],
  frontEnd: 'app-server',
};
