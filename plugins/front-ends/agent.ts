import { frontEnds, KernelError } from '../../core/index.ts';
import type { Plugin } from '../../core/index.ts';
import { parse } from './command-line/parse.ts';
import { runCommand, type Command } from './command-line/run.ts';
import { line } from './terminal/style.ts';
import { table } from './terminal/table.ts';
import { badFileLines, type BadFile } from './view/bad-files.ts';

/** What of the answer to `agent/list` is shown. */
interface AgentList {
  readonly roles: readonly Role[];
  readonly faults: readonly BadFile[];
  readonly bounds: Readonly<Record<string, number>>;
}

interface Role {
  readonly name: string;
  readonly description: string;
  readonly model?: string;
  readonly source: string;
  readonly by: string;
  readonly standing: 'trusted' | 'untrusted' | 'changed';
  readonly shadowedBy?: string;
}

/** `spindle agent list` shows the roles of sub-agents. It needs the plugin `agents`. */
export default function agent(): Plugin {
  return {
    name: 'agent',
    api: 1,
    setup: (host) =>
      void host.add(frontEnds, {
        name: 'agent',
        description: 'Roles of sub-agents: agent list',
        run: (client, argv, signal) =>
          runCommand(argv, { name: 'agent', commands: { list }, client, signal, cwd: '/' }),
      }),
  };
}

const list: Command = (argv) => {
  const { flags, words } = parse(argv, { json: {} });
  if (words[0] !== undefined)
    throw new KernelError('invalid', `expected no "${words[0]}" after "agent list"`);
  return async ({ client, stdout, style }) => {
    const found = (await client.call('agent/list', {})) as AgentList; // as the plugin `agents` answers
    if (flags.json === true) return stdout.write(`${JSON.stringify(found, null, 2)}\n`);
    const bounds = Object.entries(found.bounds).map(([name, value]) => `${name} ${value}`);
    const lines = [
      ...linesOf(found.roles),
      `Bounds: ${bounds.join(', ')}.`,
      ...badFileLines(found.faults, style),
    ];
    return stdout.write(`${lines.join('\n')}\n`);
  };
};

function linesOf(roles: readonly Role[]): readonly string[] {
  if (roles.length === 0) return ['No roles are declared; sub-agents work as their parent does.'];
  const rows = roles.map((one) => [
    one.name,
    one.by,
    stateOf(one),
    one.model ?? "the parent's",
    line(one.description, 60),
    one.source,
  ]);
  return [table([['AGENT', 'OF', 'STATE', 'MODEL', 'ABOUT', 'FROM'], ...rows]).trimEnd()];
}

function stateOf({ standing, shadowedBy }: Role): string {
  if (standing === 'untrusted') return 'not trusted';
  if (standing === 'changed') return 'changed since it was trusted';
  return shadowedBy === undefined ? 'told' : 'another has its name';
}
