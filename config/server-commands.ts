/** The commands that serve others. */

import type { Command, Flag } from './flags.ts';

interface SharedFlags {
  readonly settings: readonly Flag[];
  readonly configuration: readonly Flag[];
}

/** Settings are the defaults of new threads, in every folder that is served. */
export function serverCommands({ settings, configuration }: SharedFlags): readonly Command[] {
  return [
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
  ];
}

const own = (flag: Flag): Flag => ({ ...flag, isOwn: true });
