/**
 * Sub-agents: the tool `task` runs a child thread with a window of its own, in the roles that configuration and Markdown
 * files declare, within bounds on depth, number and tokens. docs/agents.md.
 */

import {
  messageOf,
  observers,
  prompts,
  requests,
  tools,
  type Host,
  type Plugin,
  type PromptContext,
} from '../../core/index.ts';
import type { FolderOptions } from '../markdown/sources.ts';
import { leftOut, listSource, type Told } from '../markdown/told.ts';
import type { Crew } from './crew.ts';
import type { Bounds } from './ledger.ts';
import type { Role, RoleOptions, Roles } from './role.ts';
import { taskTool } from './tool.ts';

/** The folders come from the program. */
export interface AgentsOptions extends FolderOptions, Partial<Bounds> {
  readonly roles?: Readonly<Record<string, RoleOptions>>;
}

/** The schema of what a configuration may say. */
export const options = async () => {
  const { z } = await import('zod');
  const text = z.string().min(1);
  const role = z.strictObject({
    description: text.max(1024).describe('What it is for.'),
    instructions: text.optional(),
    provider: text.optional().describe('A model plugin.'),
    model: text.optional(),
    effort: text.optional(),
    tools: z.array(text).optional().describe('Of the tools, only these.'),
    sandbox: z.enum(['read-only', 'workspace-write', 'danger-full-access']).optional(),
  });
  const count = z.int().positive();
  return z.strictObject({
    roles: z.record(z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/), role).optional(),
    maxDepth: count.optional().describe('of sub-agents of sub-agents'),
    maxAtOnce: count.optional().describe('sub-agents of one turn at a time'),
    maxPerTurn: count.optional().describe('sub-agents of one turn in all'),
    maxTokens: count.optional().describe('that they spend together in one turn'),
  });
};

const usual: Bounds = { maxDepth: 1, maxAtOnce: 6, maxPerTurn: 24, maxTokens: 2_000_000 };

export default function agents(config: AgentsOptions = {}): Plugin {
  return {
    name: 'agents',
    api: 1,
    setup: (host) => {
      const { maxDepth, maxAtOnce, maxPerTurn, maxTokens } = { ...usual, ...config };
      const bounds: Bounds = { maxDepth, maxAtOnce, maxPerTurn, maxTokens };
      const crew: Crew = {
        host,
        bounds,
        readRoles: lazyRoles(host, config),
        working: new Map(),
        turns: new Map(),
      };
      const tool = taskTool(crew);
      host.add(tools, tool, 'last');
      addPrompts(crew, tool.name);
      addList(crew);
      forget(crew);
      host.add(observers, (event) => {
        if (event.type !== 'item/appended' || event.item.type !== 'result') return;
        // A result outside of a turn closes a call of a program that was killed.
        if (event.item.name !== tool.name || event.item.turn !== undefined) return;
        closeLost(event.thread, host).catch((error: unknown) =>
          host.log('sub-agents of a turn that was cut off were not closed', messageOf(error)),
        );
      });
    },
  };
}

async function closeLost(thread: string, { client }: Host): Promise<void> {
  const { closeChildren } = await import('./lost.ts');
  return closeChildren(thread, client);
}

/** What reads roles is loaded when there are any. */
function lazyRoles(host: Host, config: AgentsOptions): () => Promise<Roles> {
  const { folders = [], roles = {} } = config;
  if (folders.length === 0 && Object.keys(roles).length === 0)
    return () => Promise.resolve({ roles: [], faults: [] });
  let read: Promise<() => Promise<Roles>> | undefined;
  const load = async () => (await import('./role.ts')).roleReader(host.effects, config, roles);
  return async () => (await (read ??= load()))();
}

/** What parents are told of roles, and sub-agents of their own. */
function addPrompts({ host, readRoles, working }: Crew, tool: string): void {
  const read = async ({ tools: offered }: PromptContext): Promise<Told> => {
    if (!offered.some(({ name }) => name === tool)) return { text: '', warnings: [] };
    const { roles, faults } = await readRoles();
    if (roles.length + faults.length === 0) return { text: '', warnings: [] };
    const { isActive } = await import('../markdown/folders.ts');
    const warnings = faults.map((fault) => leftOut('agent', fault));
    return { text: listOf(roles.filter(isActive), tool), warnings };
  };
  host.add(prompts, listSource(host, { name: 'agents', what: 'agents', read }));
  host.add(prompts, {
    name: 'agent',
    stability: 'fixed',
    read: ({ thread }) => {
      const child = working.get(thread);
      if (child === undefined) return [];
      const { instructions = '', source } = child.role ?? { source: 'agents' };
      const own = instructions === '' ? [] : [{ ...system, source, text: instructions }];
      return [{ ...system, source: 'agents', text: asChild }, ...own];
    },
  });
}

const system = { role: 'system', pinned: true } as const;
const asChild =
  'You are a sub-agent: another agent gave you the task, and your last message is all that it gets. Put into it what was asked, complete and brief. When you cannot do it, say why.';

/** Of roles that do not fit the rest is left out. */
const maxListBytes = 4000;

function listOf(roles: readonly Role[], tool: string): string {
  if (roles.length === 0) return '';
  const lines = [`Agents for ${tool}:`];
  for (const [index, { name, description }] of roles.entries()) {
    const line = `- ${name}: ${description}`;
    const rest = `[${roles.length - index} more agents are left out here]`;
    const isFull = Buffer.byteLength([...lines, line, rest].join('\n')) > maxListBytes;
    lines.push(isFull ? rest : line);
    if (isFull) break;
  }
  return lines.join('\n');
}

function addList({ host, readRoles, bounds }: Crew): void {
  host.add(requests, {
    name: 'agent/list',
    params: { type: 'object' },
    result: { type: 'object' },
    run: async () => ({ ...(await readRoles()), bounds }),
  });
}

/** What is known of a thread's turns ends with the thread. */
function forget({ host, turns }: Crew): void {
  host.scope.use(
    host.client.listen((event) => {
      if (event.type === 'thread/closed') turns.delete(event.thread);
    }),
  );
}
