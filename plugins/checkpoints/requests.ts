/** What front ends can ask of checkpoints; docs/checkpoints.md shows the answers. */

import { invalid, type RequestContext } from '../../core/index.ts';
import { readPast } from './past.ts';
import { gapsOf, netOf } from './record.ts';
import { revert, type Means, undo, type Wanted } from './revert.ts';
import { turnNamed, turnsInForce, turnsOf } from './turns.ts';

/** The requests by name. */
export const answers = {
  'checkpoint/list': (params, context, means) => list(threadOf(params), context, means),
  'checkpoint/diff': (params, context, means) => diff(params as DiffParams, context, means), // each field is checked
  'checkpoint/revert': (params, context, means) => revert(wantedOf(params), context, means),
  'checkpoint/undo': (params, context, means) =>
    undo({ ...wantedOf(params), files: true }, context, means),
} satisfies Record<string, Answer>;

type Answer = (params: unknown, context: RequestContext, means: Means) => Promise<unknown>;

type Fields = Readonly<Record<string, unknown>>;
type DiffParams = Readonly<{ thread: string; turn?: string; version?: number }>;

function threadOf(params: unknown): string {
  const { thread } = (params ?? {}) as Fields; // looked at below
  if (typeof thread === 'string') return thread;
  throw invalid`expected the id of a thread as "thread", but got ${JSON.stringify(thread)}`;
}

function turnOf({ turn }: Fields): string | undefined {
  if (turn === undefined || turn === null || typeof turn === 'string') return turn ?? undefined;
  throw invalid`expected a turn's id or number as text in "turn", but got ${JSON.stringify(turn)}`;
}

function wantedOf(params: unknown): Wanted {
  const fields = (params ?? {}) as Fields; // looked at below
  const isYes = (name: string) => {
    const value = fields[name] ?? false;
    if (typeof value === 'boolean') return value;
    throw invalid`expected true or false as "${name}", but got ${JSON.stringify(value)}`;
  };
  return {
    thread: threadOf(params),
    turn: turnOf(fields),
    files: isYes('files'),
    force: isYes('force'),
    skip: isYes('skip'),
    dryRun: isYes('dryRun'),
  };
}

/** The turns with what each changed. */
async function list(thread: string, { client }: RequestContext, { records }: Means) {
  const { items, lines } = await readPast(thread, client, records);
  const { filesOf } = await import('./diff.ts');
  const inForce = new Set(turnsInForce(items).map(({ id }) => id));
  const turns = turnsOf(items).map(({ id: turn, at, number }) => ({
    turn,
    number,
    at,
    reverted: !inForce.has(turn),
    files: filesOf(netOf(lines, turn)),
    uncovered: gapsOf(lines, new Set([turn])),
  }));
  return { thread, turns };
}

/**
 * A turn's diff; by default the last one's in force. With the `version` of an earlier answer, and nothing new since, it is
 * not made again: the answer has no `diff`.
 */
async function diff(params: DiffParams, { client }: RequestContext, means: Means) {
  const thread = threadOf(params);
  const { records, contents } = means;
  const version = records.version(thread);
  if (params.version === version) return { thread, version };
  const past = await readPast(thread, client, records);
  const { id: turn } = turnNamed(past.items, turnOf(params));
  const changes = netOf(past.lines, turn);
  const { filesOf, unifiedDiffOf } = await import('./diff.ts');
  const [first] = past.items;
  const cwd = first?.type === 'thread' ? first.settings.cwd : '/';
  return {
    thread,
    turn,
    version,
    diff: await unifiedDiffOf(changes, { cwd, contents }),
    files: filesOf(changes),
    uncovered: gapsOf(past.lines, new Set([turn])),
  };
}
