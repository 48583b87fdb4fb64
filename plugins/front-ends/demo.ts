import { frontEnds, sandboxes } from '../../core/index.ts';
import type { Effects, Host, Plugin, Sandbox } from '../../core/index.ts';
import { runCommand, type CommandContext } from './command-line/run.ts';
import { makeRepository, runProgram } from './demo/repository.ts';
import { demoPrompt, demoTest } from './demo/script.ts';
import { playTurn } from './demo/turn.ts';
import { shown, type Style } from './terminal/style.ts';

/** Options of `demo`. */
export interface DemoOptions {
  /** The empty folder to play in: the kernel's cwd and only root. */
  readonly folder: string;
  /** Whether it stays. */
  readonly keep: boolean;
  /** How people start this program, such as `npm start --`. */
  readonly program: string;
}

/**
 * A small task played for real: a repository with a failing test, real tools and processes, the `scripted` model with
 * the steps of demo/script.ts. Exit code 0 only if the test is green in the end.
 */
export default function demo(config: DemoOptions): Plugin {
  return {
    name: 'demo',
    api: 1,
    setup: (host) =>
      void host.add(frontEnds, {
        name: 'demo',
        description: 'Plays a small task, without a key',
        run: (client, _argv, signal) =>
          runCommand([], {
            name: 'demo',
            commands: { play: () => (context) => play(context, host, config) },
            client,
            signal,
            cwd: config.folder,
          }),
      }),
  };
}

async function play(context: CommandContext, host: Host, config: DemoOptions): Promise<number> {
  const { stdout, style, signal } = context;
  const { effects } = host;
  const print = (lines: readonly string[]) => stdout.write(lines.map((one) => `${one}\n`).join(''));
  const hasGit = await makeRepository(effects, signal);
  const sandbox = await findSandbox(host.get(sandboxes));
  await print(opening(config, sandbox, style));
  const mode = sandbox === undefined ? 'danger-full-access' : 'workspace-write';
  await playTurn(demoPrompt, { ...context, mode, print });
  await print([
    '',
    ...(hasGit ? await diffLines(effects, context) : ['There is no git, so no diff.']),
  ]);
  const isGreen = (await runProgram(demoTest, effects, signal))?.code === 0;
  await print(closing(isGreen, config, style));
  return isGreen ? 0 : 1;
}

/** The first sandbox that confines fully. */
async function findSandbox(found: readonly Sandbox[]): Promise<Sandbox | undefined> {
  for (const sandbox of found) if ((await sandbox.probe()).level === 'full') return sandbox;
  return undefined;
}

function opening({ folder }: DemoOptions, sandbox: Sandbox | undefined, style: Style) {
  const confined =
    sandbox === undefined
      ? style.yellow(
          'No sandbox is here, so the commands run unconfined (danger-full-access): those you see, in that folder.',
        )
      : `The commands run confined by ${sandbox.name} (workspace-write): they can write in that folder alone.`;
  return [
    style.bold('Spindle plays a small task. Only the model is scripted, so it needs no key;'),
    style.bold('the repository, the tools and the processes are real.'),
    `Folder: ${shown(folder)}`,
    confined,
    '',
    style.bold(`> ${demoPrompt}`),
    '',
  ];
}

async function diffLines(effects: Effects, { style, signal }: CommandContext) {
  const ran = await runProgram(['git', '--no-pager', 'diff', '--no-color'], effects, signal);
  const colour = (one: string) => {
    if (/^\+(?!\+\+)/u.test(one)) return style.green(one);
    return /^-(?!--)/u.test(one) ? style.red(one) : one;
  };
  const lines = shown(ran?.output.trimEnd() ?? '').split('\n');
  return [`${style.bold('$')} git diff`, ...lines.map((one) => `  ${colour(one)}`)];
}

function closing(isGreen: boolean, { keep, folder, program }: DemoOptions, style: Style) {
  return [
    '',
    isGreen
      ? style.green(`The test is green: ${demoTest.join(' ')} passes.`)
      : style.red(`The test is not green: ${demoTest.join(' ')} fails. This should not happen.`),
    keep ? `The folder stays: ${shown(folder)}` : 'The folder is removed again; --keep keeps it.',
    '',
    'Now with your model, in a repository of yours:',
    '  export OPENAI_API_KEY=...    or OPENAI_BASE_URL=http://127.0.0.1:11434/v1 for a local one',
    `  ${program} exec "make the failing test pass"`,
  ];
}
