/** The commands of `spindle thread` that make room: in a window, and on the disk. */

import type { Command, SharedFlags } from './flags.ts';

/** In the order of the help. */
export function contextCommands(shared: SharedFlags): readonly Command[] {
  const { json, last, configuration } = shared;
  return [
    {
      name: 'thread compact',
      usage: ['ID', '--last'],
      description: "Make room in a thread's window, and show what became of it.",
      flags: [
        { name: 'keep', value: 'REMARK', description: 'What to keep above all.' },
        json,
        last,
        ...configuration,
      ],
      words: [0, 1],
      frontEnd: 'compact',
    },
    {
      name: 'thread gc',
      usage: ['', '--yes'],
      description:
        'Tell what whole outputs of calls could be freed, by age, size and lost threads.',
      flags: [
        { name: 'yes', description: 'Free them.' },
        { name: 'days', value: 'COUNT', isNumber: true, description: 'Those unused for so long.' },
        {
          name: 'size',
          value: 'SIZE',
          description: 'The oldest, over this size together: 500M, 2G.',
        },
        json,
        ...configuration,
      ],
      words: [0, 0],
      frontEnd: 'thread',
    },
  ];
}
