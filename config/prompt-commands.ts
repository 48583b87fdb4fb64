/** The commands of `spindle prompt`. */

import type { Command, Flag, SharedFlags } from './flags.ts';

/** Settings count through the configuration; the front end is not told of them. */
export function promptCommands(shared: SharedFlags): readonly Command[] {
  const { json, last, configuration } = shared;
  const keyed = shared.settings.filter(({ key }) => key !== undefined);
  const own = keyed.map((flag): Flag => ({ ...flag, isOwn: true }));
  return [
    {
      name: 'prompt explain',
      usage: ['[PROMPT]', '--thread ID', '--last'],
      description:
        'Show what a model is sent, part by part: by a new thread, or (nothing is sent) what a thread sent.',
      flags: [
        { name: 'thread', value: 'ID', description: 'A request of this thread.' },
        last,
        {
          name: 'request',
          value: 'NUMBER',
          isNumber: true,
          description: 'Which request of the thread, from 1 on; default: the last.',
        },
        json,
        ...own,
        ...configuration,
      ],
      words: [0, 1],
      frontEnd: 'prompt',
    },
    {
      name: 'prompt diff',
      usage: ['A B'],
      description: 'Show what differs in what two threads, folders or configuration files send.',
      flags: [json, ...own, ...configuration],
      words: [2, 2],
      frontEnd: 'prompt',
    },
    {
      name: 'prompt lock',
      usage: ['[FILE]', '[FILE] --check'],
      description: 'Write down system texts and tools, or find what an update changed of them.',
      flags: [
        { name: 'check', description: 'Compare with the file; exit code 1 when it differs.' },
        ...own,
        ...configuration,
      ],
      words: [0, 1],
      frontEnd: 'prompt',
    },
  ];
}
