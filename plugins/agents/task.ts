/** A call of `task`: a sub-agent with a thread, and so a window, of its own. */

import {
  invalid,
  notFound,
  tools,
  type ThreadInfo,
  type Tool,
  type ToolContext,
  type ToolResult,
} from '../../core/index.ts';
import { isActive } from '../markdown/folders.ts';
import { type Report, runChild } from './child.ts';
import { leftOf } from './limit.ts';
import type { Crew, TaskArgs, Turn } from './crew.ts';
import { Ledger, Places } from './ledger.ts';
import { resultOf } from './result.ts';
import type { Role } from './role.ts';
import { settingsOf } from './settings.ts';

/** What a call works with. */
export interface Means {
  readonly crew: Crew;
  readonly tool: Tool;
}

/** The sub-agent's answer. Throws what the model is to read when none may be started. */
export async function runTask(
  args: TaskArgs,
  context: ToolContext,
  means: Means,
): Promise<ToolResult> {
  const { call, signal } = context;
  const { crew } = means;
  if (typeof args.prompt !== 'string' || args.prompt.trim() === '')
    throw invalid`expected a prompt, but it is empty`;
  const role = await findRole(args.agent ?? undefined, crew);
  const turn = turnOf(call, crew);
  using _place = await turn.places.take(signal);
  const depth = turn.depth + 1;
  turn.ledger.admit(depth);
  const limit = await leftOf(context, turn.ledger.spentBy(turn.id));
  const child = await startChild({ args, role, depth }, context, means);
  crew.working.set(child.id, { role, ledger: turn.ledger, depth });
  try {
    const report = await work(child, args.prompt, { context, turn, limit });
    return resultOf(report, { thread: child.id, agent: role?.name, ledger: turn.ledger });
  } finally {
    crew.working.delete(child.id);
    void close(child.id, context).catch(() => {}); // the kernel ends, and closes it
  }
}

async function findRole(name: string | undefined, crew: Crew): Promise<Role | undefined> {
  if (name === undefined || name === '') return undefined;
  const active = (await crew.readRoles()).roles.filter(isActive);
  const role = active.find((one) => one.name === name);
  const known = active.map((one) => one.name).join(', ') || 'none, so leave it out';
  if (role === undefined) throw notFound`there is no agent "${name}"; there are: ${known}`;
  return role;
}

/** What the sub-agents of a turn share with those below them. */
function turnOf({ thread, turn: id }: ToolContext['call'], crew: Crew): Turn {
  const known = crew.turns.get(thread);
  if (known?.id === id) return known;
  const above = crew.working.get(thread);
  const turn: Turn = {
    id,
    ledger: above?.ledger ?? new Ledger(crew.bounds),
    depth: above?.depth ?? 0,
    places: new Places(crew.bounds.maxAtOnce),
  };
  crew.turns.set(thread, turn);
  return turn;
}

interface Order {
  readonly args: TaskArgs;
  readonly role: Role | undefined;
  readonly depth: number;
}

async function startChild(
  order: Order,
  { call, client }: ToolContext,
  means: Means,
): Promise<ThreadInfo> {
  const { args, role } = order;
  const { ephemeral } = await client.request('thread/resume', { thread: call.thread });
  const about = args.prompt.replaceAll(/\s+/g, ' ').trim().slice(0, 60).toWellFormed();
  return client.request('thread/start', {
    settings: settingsOf(call.settings, { ...args, ...order, ...offerOf(means, order.depth) }),
    ephemeral,
    name: `${role?.name ?? 'task'}: ${about}`,
    parent: { thread: call.thread, call: call.id, agent: role?.name ?? 'task' },
  });
}

/** The tools there are; where nobody below may have sub-agents, the tool for that is not among them. */
function offerOf({ crew: { host, bounds }, tool }: Means, depth: number) {
  const all = [...host.get(tools)];
  const own = all.find(([, value]) => value === tool)?.[0] ?? tool.name;
  return { all: all.map(([name]) => name), ...(depth >= bounds.maxDepth ? { without: own } : {}) };
}

interface Place {
  readonly context: ToolContext;
  readonly turn: Turn;
  /** Tokens that the turn's own limit leaves. */
  readonly limit: number;
}

/** Follows it until it ends, the parent is interrupted, or everything is spent. */
async function work(child: ThreadInfo, prompt: string, place: Place): Promise<Report> {
  const { context, turn, limit } = place;
  const { call, client, progress } = context;
  const { ledger } = turn;
  const spent = new AbortController();
  const check = () => {
    if (ledger.left <= 0) spent.abort();
  };
  ledger.onSpent.add(check);
  progress(`thread ${child.id}\n`);
  try {
    return await runChild({
      client,
      child,
      prompt,
      progress,
      parent: call.thread,
      call: call.id,
      tokens: Math.min(limit, ledger.left),
      signal: AbortSignal.any([context.signal, spent.signal]),
      spend: (tokens) => ledger.spend(turn.id, tokens),
    });
  } finally {
    ledger.onSpent.delete(check);
  }
}

/** Lets go of the thread, unless somebody has begun to work in it; it stays in the store. */
async function close(thread: string, { client }: ToolContext): Promise<void> {
  for await (const event of client.subscribe({ thread, after: Number.MAX_SAFE_INTEGER - 1 })) {
    if (event.type !== 'thread/status') continue;
    const { state, queued } = event.status;
    if (state === 'active' || queued > 0) continue;
    await client.request('thread/close', { thread });
    return;
  }
}
