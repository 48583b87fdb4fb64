import {
  frontEnds,
  KernelError,
  messageOf,
  observers,
  requests,
  sandboxes,
} from '../../core/index.ts';
import type { Argv, Plugin, Settings } from '../../core/index.ts';
import { parse } from './command-line/parse.ts';
import { type Channel, runRequest, type Run, WatchedSpawns } from './sandbox/request.ts';
import { runHere } from './sandbox/run-here.ts';
import { openOutput } from './terminal/output.ts';
import { shown } from './terminal/style.ts';

/** Options of the plugin, given by the program that it is part of. */
export interface SandboxOptions {
  /** What holds for the command, as far as it is to be told. */
  readonly settings?: Partial<Pick<Settings, 'sandbox' | 'network' | 'roots'>>;
}

/**
 * `spindle sandbox [--sandbox MODE] [--explain] -- CMD…` runs a command as a tool's commands run, with this program's input and
 * output, and says on stderr how confined it is; with `--explain` it only shows the plan. Over a wire the request `sandbox/run` does the same. Exit codes: the
 * command's, 128 and its signal's number, 127 (no such program), 126 (it cannot be started), 125 (no sandbox, denied).
 */
export default function sandbox({ settings = {} }: SandboxOptions = {}): Plugin {
  return {
    name: 'sandbox',
    api: 1,
    setup: (host) => {
      const channels = new Map<string, Channel>();
      const spawns = new WatchedSpawns();
      host.add(observers, spawns.see);
      host.add(requests, runRequest(channels, spawns));
      host.add(frontEnds, {
        name: 'sandbox',
        description: 'Runs a command in the sandbox: sandbox -- CMD…',
        run: async (client, argv, signal) => {
          const run: Run = (command, channel, stop) => {
            const id = String(channels.size);
            channels.set(id, channel);
            return client
              .call('sandbox/run', { argv: command, channel: id }, stop)
              .finally(() => channels.delete(id));
          };
          try {
            const { command, isExplained } = commandIn(argv);
            if (!isExplained) return await runHere(command, { settings, run, signal });
            await using stdout = openOutput(process.stdout, signal);
            const { explainPlan } = await import('./sandbox/explain.ts');
            const lines = await explainPlan(command, host.get(sandboxes), settings);
            await stdout.write(`${lines.join('\n')}\n`);
            return 0;
          } catch (error) {
            await using stderr = openOutput(process.stderr, signal);
            await stderr.write(`spindle sandbox: ${shown(messageOf(error))}\n`);
            return 2;
          }
        },
      });
    },
  };
}

/** The command. Flags that choose the configuration have been read when this runs. Throws `invalid`. */
function commandIn(argv: readonly string[]): { command: Argv; isExplained: boolean } {
  const known = {
    sandbox: { takes: 'MODE' },
    network: {},
    cd: { takes: 'FOLDER' },
    explain: {},
  } as const;
  const { flags, words, verbatim } = parse(argv, known);
  const [program, ...args] = [...words, ...verbatim];
  const isExplained = flags.explain === true;
  if (program !== undefined) return { command: [program, ...args], isExplained };
  throw new KernelError('invalid', 'expected a command: spindle sandbox -- CMD…');
}
