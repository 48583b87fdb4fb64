/** The commands of `spindle thread` that list and show threads, and those that copy and delete them. */

import type { Command, Flag, SharedFlags } from './flags.ts';

/** In the order of the help. */
export function threadCommands({ json, last, configuration }: SharedFlags): readonly Command[] {
  const one = { usage: ['ID', '--last'], words: [0, 1], frontEnd: 'thread' } as const;
  const usage: Flag = { name: 'usage', description: 'What it cost in tokens, step by step.' };
  return [
    {
      name: 'thread list',
      usage: [''],
      description: 'List stored threads, newest first.',
      flags: [json, ...ofList, ...configuration],
      words: [0, 0],
      frontEnd: 'thread',
    },
    {
      ...one,
      name: 'thread show',
      description: 'Show a thread.',
      flags: [json, last, usage, ...configuration],
    },
    {
      ...one,
      name: 'thread fork',
      description: 'Copy a thread, whole or up to an item; prints the id of the copy.',
      flags: [last, after, ...configuration],
    },
    {
      ...one,
      name: 'thread export',
      description: 'Print a thread.',
      flags: [last, format, ...configuration],
    },
    {
      ...one,
      name: 'thread delete',
      usage: ['ID…', '--last'],
      description: 'Delete threads.',
      flags: [last, ...configuration],
      words: [0, 1000],
    },
  ];
}

const ofList: readonly Flag[] = [
  { name: 'all', description: "Of every folder, sub-agents' too." },
  { name: 'parent', value: 'ID', description: "Those of this thread's sub-agents." },
  { name: 'archived', description: 'Those that were put away.' },
  { name: 'search', value: 'TEXT', description: 'Those that hold this text.' },
  { name: 'limit', value: 'COUNT', isNumber: true, description: 'At most this many.' },
];

const after: Flag = {
  name: 'after',
  value: 'ORDINAL',
  isNumber: true,
  description: 'The last item to copy.',
};

const format: Flag = {
  name: 'format',
  value: 'FORMAT',
  choices: ['json', 'markdown'],
  description: 'JSON (the default), or a text to read.',
};
