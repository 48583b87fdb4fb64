/** The commands of `spindle thread` that go back, and those that show what there is to go back to. */

import type { Command, Flag, SharedFlags } from './flags.ts';

/** In the order of the help. */
export function checkpointCommands(shared: SharedFlags): readonly Command[] {
  const { json, last, settings, configuration } = shared;
  const sandbox = settings.filter(({ name }) => name === 'sandbox');
  const asking: readonly Flag[] = [
    { name: 'dry-run', description: 'Only show what would be done.' },
    { name: 'yes', description: 'Leave what other hands changed since, and do the rest.' },
    { name: 'force', description: 'Overwrite what other hands changed since, too.' },
    ...sandbox.map((flag): Flag => ({
      ...flag,
      description: 'Where files may be written.',
      isOwn: true,
    })),
  ];
  return [
    {
      name: 'thread revert',
      usage: ['ID [TURN]', '--last [TURN]'],
      description:
        'Go back to before a turn (its number or id; the last one without), and with --files take back what was changed since.',
      flags: [
        { name: 'files', description: 'The files too, not only the conversation.' },
        ...asking,
        json,
        last,
        ...configuration,
      ],
      words: [0, 2],
      frontEnd: 'revert',
    },
    {
      name: 'thread undo',
      usage: ['ID', '--last'],
      description: 'Take back the last revert: its files, and the conversation.',
      flags: [...asking, json, last, ...configuration],
      words: [0, 1],
      frontEnd: 'revert',
    },
    {
      name: 'thread diff',
      usage: ['ID [TURN]', '--last [TURN]'],
      description: 'Show what a turn changed in files, the last one without TURN.',
      flags: [json, last, ...configuration],
      words: [0, 2],
      frontEnd: 'revert',
    },
  ];
}
