/** The commands of `spindle policy`, and `spindle why`. */

import type { Command, Flag, SharedFlags } from './flags.ts';

/** Settings count through the configuration; the front end is not told of them. */
export function policyCommands(shared: SharedFlags): readonly Command[] {
  const { json, last, settings, configuration } = shared;
  const judging = settings.filter(({ key = '' }) => /^(?:sandbox|approval|network)$/.test(key));
  return [
    {
      name: 'policy check',
      usage: ['-- COMMAND', '-- PROGRAM ARGUMENT…'],
      description:
        'Tell what would be decided of a command, part by part: exit code 0 allow, 1 deny, 3 ask.',
      flags: [
        { name: 'outside', description: 'As if it were to run outside the sandbox.' },
        json,
        ...judging.map((flag): Flag => ({ ...flag, isOwn: true })),
        ...configuration,
      ],
      words: [1, 1000],
      frontEnd: 'policy',
    },
    {
      name: 'policy list',
      usage: [''],
      description: 'Show all rules, of the configuration and of answers that were remembered.',
      flags: [json, ...configuration],
      words: [0, 0],
      frontEnd: 'policy',
    },
    {
      name: 'policy remove',
      usage: ['ID'],
      description: 'Take back an answer that was remembered for this project.',
      flags: [...configuration],
      words: [1, 1],
      frontEnd: 'policy',
    },
    {
      name: 'why',
      usage: ['ID'],
      description:
        'Tell why something was allowed or denied, by the id of the decision or the call.',
      flags: [
        json,
        last,
        { name: 'thread', value: 'ID', description: 'Look in this thread only.' },
        ...configuration,
      ],
      words: [1, 1],
      frontEnd: 'why',
    },
  ];
}
