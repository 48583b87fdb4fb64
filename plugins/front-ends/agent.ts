import { frontEnds } from '../../core/index.ts';
import type { Plugin } from '../../core/index.ts';
import { listingFrontEnd } from './command-line/listing.ts';
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
  return { name: 'agent', api: 1, setup: (host) => void host.add(frontEnds, listing) };
}

const listing = listingFrontEnd<AgentList>({
  name: 'agent',
  description: 'Roles of sub-agents: agent list',
  request: 'agent/list',
  linesOf: (found, style) => [...linesOf(found), ...badFileLines(found.faults, style)],
});

function linesOf({ roles, bounds }: AgentList): readonly string[] {
  const limits = Object.entries(bounds).map(([name, value]) => `${name} ${value}`);
  return [...rolesOf(roles), `Bounds: ${limits.join(', ')}.`];
}

function rolesOf(roles: readonly Role[]): readonly string[] {
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
