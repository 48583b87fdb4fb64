import { frontEnds, KernelError, sandboxes } from '../../core/index.ts';
import type { Host, Plugin } from '../../core/index.ts';
import { parse } from './command-line/parse.ts';
import { runCommand, type Command, type CommandContext } from './command-line/run.ts';
import { checkConfiguration, checkNode, checkPrograms, checkState } from './doctor/checks.ts';
import { checkServers } from './doctor/checks-servers.ts';
import { checkPlugins, checkProvider, checkSandbox } from './doctor/checks-kernel.ts';
import type { Check, FoundConfiguration, Machine } from './doctor/facts.ts';
import { line, type Style } from './terminal/style.ts';

export type { Check, FoundConfiguration, Machine, Proof } from './doctor/facts.ts';

/** Options of `doctor`, given by the program that it is part of; what is not given is not checked. */
export interface DoctorOptions {
  readonly configuration?: FoundConfiguration;
  readonly machine?: Machine;
}

/** `spindle doctor [--json]` checks what a task needs: each line ok, warn or fail, and what to do. Exit code 1 on a fail. */
export default function doctor(config: DoctorOptions = {}): Plugin {
  return {
    name: 'doctor',
    api: 1,
    setup: (host) =>
      void host.add(frontEnds, {
        name: 'doctor',
        description: 'Checks that everything a task needs is there',
        run: (client, argv, signal) =>
          runCommand(['check', ...argv], {
            name: 'doctor',
            commands: { check: checkCommand(config, host) },
            client,
            signal,
            cwd: '/',
          }),
      }),
  };
}

/** Flags that choose the configuration have been read when this runs. */
const flagTable = {
  json: {},
  provider: { takes: 'NAME' },
  model: { takes: 'NAME' },
  effort: { takes: 'NAME' },
  sandbox: { takes: 'MODE' },
  approval: { takes: 'MODE' },
  network: {},
  'add-dir': { takes: 'DIR', many: true },
} as const;

function checkCommand(config: DoctorOptions, host: Host): Command {
  return (argv) => {
    const { flags, words } = parse(argv, flagTable);
    if (words[0] !== undefined)
      throw new KernelError('invalid', `expected no "${words[0]}" after "doctor"`);
    return async (context) => {
      const checks = await checkAll(config, host, context);
      const isFine = checks.every(({ state }) => state !== 'fail');
      const { stdout, style } = context;
      const json = { ok: isFine, checks };
      await stdout.write(
        flags.json === true
          ? `${JSON.stringify(json, null, 2)}\n`
          : checks.flatMap((check) => linesOf(check, style)).join(''),
      );
      return isFine ? 0 : 1;
    };
  };
}

async function checkAll(
  { configuration, machine }: DoctorOptions,
  host: Host,
  { client }: CommandContext,
): Promise<readonly Check[]> {
  const pending: readonly (Promise<readonly Check[]> | undefined)[] = [
    configuration && machine && checkState(configuration, machine),
    machine && checkPrograms(machine),
    checkSandbox(host.get(sandboxes), machine?.prove),
    configuration && checkProvider(configuration.provider, host.effects),
    checkPlugins(client),
    checkServers(client),
  ];
  const found = await Promise.all(pending.map(async (checks) => (await checks) ?? []));
  return [
    checkNode(),
    ...(configuration ? checkConfiguration(configuration) : []),
    ...found.flat(),
  ];
}

function linesOf({ name, state, message, advice }: Check, style: Style): readonly string[] {
  const mark = { ok: style.green, warn: style.yellow, fail: style.red }[state];
  const first = `${mark(state.padEnd(4))}  ${name.padEnd(8)} ${line(message, 400)}\n`;
  return advice === undefined
    ? [first]
    : [first, `${' '.repeat(15)}${style.dim(line(advice, 400))}\n`];
}
