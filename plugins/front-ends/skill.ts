import { frontEnds } from '../../core/index.ts';
import type { Plugin } from '../../core/index.ts';
import { listingFrontEnd } from './command-line/listing.ts';
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
  return { name: 'skill', api: 1, setup: (host) => void host.add(frontEnds, listing) };
}

const listing = listingFrontEnd<SkillList>({
  name: 'skill',
  description: 'Skills: skill list',
  request: 'skill/list',
  linesOf: (found, style) => [...linesOf(found), ...badFileLines(found.faults, style)],
});

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
