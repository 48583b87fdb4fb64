import { frontEnds, KernelError } from '../../core/index.ts';
import type { Plugin } from '../../core/index.ts';
import { parse } from './command-line/parse.ts';
import { runCommand, type Command } from './command-line/run.ts';
import { badFileLines, type BadFile } from './view/bad-files.ts';
import { line } from './terminal/style.ts';
import { table } from './terminal/table.ts';

/** What of the answer to `skill/list` is shown. */
interface SkillList {
  readonly skills: readonly ListedSkill[];
  readonly faults: readonly BadFile[];
  readonly budget: { readonly maxBytes: number; readonly bytes: number };
}

interface ListedSkill {
  readonly name: string;
  readonly description: string;
  readonly path: string;
  readonly by: string;
  readonly standing: 'trusted' | 'untrusted' | 'changed';
  readonly shadowedBy?: string;
  readonly isForUser: boolean;
  readonly isTold: boolean;
}

/** `spindle skill list` shows the skills of the user and the repository. It needs the plugin `skills`. */
export default function skill(): Plugin {
  return {
    name: 'skill',
    api: 1,
    setup: (host) =>
      void host.add(frontEnds, {
        name: 'skill',
        description: 'Skills: skill list',
        run: (client, argv, signal) =>
          runCommand(argv, { name: 'skill', commands: { list }, client, signal, cwd: '/' }),
      }),
  };
}

const list: Command = (argv) => {
  const { flags, words } = parse(argv, { json: {} });
  if (words[0] !== undefined)
    throw new KernelError('invalid', `expected no "${words[0]}" after "skill list"`);
  return async ({ client, stdout, style }) => {
    const found = (await client.call('skill/list', {})) as SkillList; // as the plugin `skills` answers
    if (flags.json === true) return stdout.write(`${JSON.stringify(found, null, 2)}\n`);
    return stdout.write([...linesOf(found), ...badFileLines(found.faults, style), ''].join('\n'));
  };
};

function linesOf({ skills, budget }: SkillList): readonly string[] {
  if (skills.length === 0) return ['There are no skills.'];
  const rows = skills.map((one) => [
    one.name,
    one.by,
    stateOf(one),
    line(one.description, 70),
    one.path,
  ]);
  const head = ['SKILL', 'OF', 'STATE', 'ABOUT', 'FILE'];
  return [
    table([head, ...rows]).trimEnd(),
    `The model is told names and descriptions: ${budget.bytes} of at most ${budget.maxBytes} bytes.`,
  ];
}

function stateOf({ standing, shadowedBy, isForUser, isTold }: ListedSkill): string {
  if (standing === 'untrusted') return 'not trusted';
  if (standing === 'changed') return 'changed since it was trusted';
  if (shadowedBy !== undefined) return 'another has its name';
  if (isForUser) return 'only when named';
  return isTold ? 'told' : 'over the budget';
}
