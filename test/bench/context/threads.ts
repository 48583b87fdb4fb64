/** Threads to replay. Each is played once by the scripted model, and what it wrote is the recording. */

import {
  createKernel,
  policies,
  tools,
  type Client,
  type Item,
  type Plugin,
} from '../../../core/index.ts';
import scripted, { type ScriptedStep } from '../../../plugins/models/scripted.ts';

/** What happened in a thread, and the rules that the user gave in it. */
export interface Recording {
  readonly name: string;
  readonly items: readonly Item[];
  readonly rules: readonly string[];
}

interface Scenario {
  readonly name: string;
  /** What the user says, turn by turn; what follows `Rule` up to the full stop is a rule. */
  readonly said: readonly string[];
  /** The calls of each turn, with what they give. */
  readonly calls: (turn: number) => readonly (readonly [command: string, gives: string])[];
}

const lines = (count: number, line: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at)).join('\n');
const source = (file: number, version: number) =>
  lines(90, (at) => `export const value${at} = compute(${file}, ${at}, ${version});`);

const scenarios: readonly Scenario[] = [
  {
    name: 'reads: files are read, changed and read again',
    said: [
      'Rename compute to derive everywhere. Rule 1: never touch the folder vendor.',
      ...Array.from({ length: 7 }, (_, at) => `Now module ${at}, please.`),
    ],
    calls: (turn) => [
      [`cat src/m${turn}.ts`, source(turn, 1)],
      [`sed -i s/compute/derive/ src/m${turn}.ts`, ''],
      [`cat src/m${turn}.ts`, source(turn, 2)],
      [`cat src/index.ts`, source(99, 1)],
    ],
  },
  {
    name: 'talk: rules come one after the other',
    said: Array.from({ length: 12 }, (_, at) => {
      const story = `Background of the wish number ${at}, told at length. `.repeat(110);
      return `${story}Rule ${at + 1}: the answer number ${at} has ${at * 7 + 3} words.`;
    }),
    calls: (turn) => [[`wc -w answers/${turn}.md`, `${turn * 7 + 3} answers/${turn}.md`]],
  },
  {
    name: 'logs: long outputs of builds and tests',
    said: [
      'Make the build green. Rule 1: no test may be skipped.',
      'Go on. Rule 2: warnings count as errors.',
      ...Array.from({ length: 6 }, () => 'Go on.'),
    ],
    calls: (turn) => [
      [
        'npm run build',
        lines(250, (at) => `[${at}] compiled module ${turn}.${at} in ${at % 9} ms`),
      ],
      ['npm test', lines(250, (at) => `ok ${at} - case ${turn}.${at} holds # time=${at % 13}ms`)],
    ],
  },
];

/** All recordings. */
export function recordings(): Promise<readonly Recording[]> {
  return Promise.all(scenarios.map(record));
}

async function record({ name, said, calls }: Scenario): Promise<Recording> {
  const given: string[] = [];
  const steps = said.flatMap((_, turn): readonly ScriptedStep[] => {
    const made = calls(turn);
    given.push(...made.map(([, gives]) => gives));
    const asked = made.map(([command]) => ({ calls: [{ name: 'shell', args: { command } }] }));
    return [...asked, { text: `Turn ${turn} is done, and all went well.` }];
  });
  const plugins = [scripted({ steps }), playing((count) => given[count] ?? '')];
  await using kernel = await createKernel({
    plugins: plugins.map((plugin) => ({ plugin })),
    settings: { cwd: '/', roots: ['/'], provider: 'scripted' },
  });
  const client = kernel.client('bench');
  const { id: thread } = await client.request('thread/start', { ephemeral: true });
  await sayAll(client, thread, said);
  const { items } = await client.request('thread/read', { thread });
  return { name, items, rules: said.flatMap((text) => /Rule \d+: [^.]*\./.exec(text) ?? []) };
}

/** One turn after the other. Throws when one does not end well. */
export async function sayAll(
  client: Client,
  thread: string,
  said: readonly string[],
): Promise<void> {
  for (const text of said) {
    using events = client.subscribe({ thread });
    const { turn } = await client.request('turn/start', {
      thread,
      input: [{ type: 'text', text }],
    });
    for await (const event of events) {
      if (event.type !== 'item/appended' || event.item.type !== 'end') continue;
      if (event.item.id !== turn) continue;
      if (event.item.error !== undefined) throw new Error(event.item.error.message);
      break;
    }
  }
}

/** A tool `shell` that gives what was recorded, call by call, and leave for everything. */
export function playing(give: (count: number) => string): Plugin {
  let count = 0;
  return {
    name: 'playing',
    api: 1,
    setup: (host) => {
      const verdict = { verdict: 'allow', reason: 'it is replayed', rule: 'bench' } as const;
      host.add(policies, { name: 'all', judge: () => verdict });
      host.add(tools, {
        name: 'shell',
        description: 'Runs a command.',
        inputSchema: { type: 'object', properties: { command: { type: 'string' } } },
        run: () => ({ content: [{ type: 'text', text: give(count++) }] }),
      });
    },
  };
}
