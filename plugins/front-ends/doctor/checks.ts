/** The checks of the machine and of the configuration. */

import { messageOf } from '../../../core/index.ts';
import { plural, size } from '../terminal/words.ts';
import type { Check, FoundConfiguration, Machine } from './facts.ts';

const neededNode = 24;
/** From here on threads are worth a look. */
const manyBytes = 5_000_000_000;

/** The Node that runs this program. */
export function checkNode(): Check {
  const { version } = process;
  if (Number.parseInt(version.slice(1), 10) >= neededNode)
    return { name: 'node', state: 'ok', message: version };
  const advice = `install Node ${neededNode} from https://nodejs.org`;
  return { name: 'node', state: 'fail', message: `${version} is too old`, advice };
}

/** Files, whether they count, and what was noticed. */
export function checkConfiguration({
  files,
  notices,
  error,
}: FoundConfiguration): readonly Check[] {
  const name = 'config';
  const found = files.map(({ file, layer, state, message }): Check => {
    const text = `${file} (${layer}) ${state}`;
    if (state === 'in force') return { name, state: 'ok', message: text };
    return { name, state: state === 'invalid' ? 'fail' : 'warn', message: text, advice: message };
  });
  const none: Check = { name, state: 'ok', message: 'no files: defaults, flags and environment' };
  const faults = error?.split('\n') ?? [];
  return [
    ...(found.length === 0 && error === undefined ? [none] : found),
    ...faults.map((message): Check => ({ name, state: 'fail', message })),
    ...notices.map((message): Check => ({ name, state: 'warn', message })),
  ];
}

/** Whether threads can be kept, and what they take. */
export async function checkState(
  { state, threads }: FoundConfiguration,
  machine: Machine,
): Promise<readonly Check[]> {
  const fault = await machine.writeFault(state);
  const { files, bytes } = await machine.sizeOf(threads);
  const message = `${plural(files, 'file')}, ${size(bytes)} in ${threads}`;
  const isMuch = bytes > manyBytes;
  return [
    fault === undefined
      ? { name: 'state', state: 'ok', message: state }
      : {
          name: 'state',
          state: 'fail',
          message: `${state}: ${fault}`,
          advice: 'make it writable, set SPINDLE_HOME to another folder, or run with --ephemeral',
        },
    {
      name: 'threads',
      state: isMuch ? 'warn' : 'ok',
      message,
      ...(isMuch ? { advice: 'delete old ones: spindle thread list --all, thread delete ID' } : {}),
    },
  ];
}

interface Program {
  readonly name: string;
  readonly argvs: readonly (readonly [string, ...string[]])[];
  readonly state: 'warn' | 'fail';
  readonly advice: string;
}

const programs: readonly Program[] = [
  {
    name: 'git',
    argvs: [['git', '--version']],
    state: 'warn',
    advice: 'install git: without it there is no state of the repository to show or to go back to',
  },
  {
    name: 'shell',
    argvs: [
      ['bash', '--version'],
      ['/bin/sh', '-c', 'echo /bin/sh'],
    ],
    state: 'fail',
    advice: 'install bash: without a shell no command can run',
  },
];

/** git, a shell, and ripgrep, which comes with the program. */
export async function checkPrograms(machine: Machine): Promise<readonly Check[]> {
  const packaged = await packagedRipgrep();
  const ripgrep: Program = {
    name: 'ripgrep',
    argvs: [
      ...(packaged === undefined ? [] : [[packaged, '--version'] as const]),
      ['rg', '--version'],
    ],
    state: 'warn',
    advice: 'install ripgrep: without it the search tool does not work',
  };
  return Promise.all([...programs, ripgrep].map((program) => checkProgram(program, machine)));
}

async function checkProgram(
  { name, argvs, state, advice }: Program,
  machine: Machine,
): Promise<Check> {
  const faults: string[] = [];
  for (const argv of argvs) {
    const ran = await machine.run(argv);
    const [first = ''] = (ran?.output ?? '').split('\n');
    if (ran?.code === 0) return { name, state: 'ok', message: first };
    faults.push(ran === undefined ? `there is no ${argv[0]}` : `${argv[0]} fails: ${first}`);
  }
  return { name, state, message: faults.join(', '), advice };
}

async function packagedRipgrep(): Promise<string | undefined> {
  try {
    return (await import('@vscode/ripgrep')).rgPath;
  } catch (error) {
    void messageOf(error); // the package may be left out; then it is the system's
    return undefined;
  }
}
