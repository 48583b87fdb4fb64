/** What front ends can ask of checkpoints; docs/checkpoints.md shows the answers. */

import {
  invalid,
  type JsonSchema,
  type RequestContext,
  type RequestHandler,
} from '../../core/index.ts';
import { readPast } from './past.ts';
import { gapsOf, netOf } from './record.ts';
import { revert, type Means, type Outcome, undo, type Wanted } from './revert.ts';
import { turnNamed, turnsInForce, turnsOf } from './turns.ts';

const text: JsonSchema = { type: 'string' };
const yes: JsonSchema = { type: 'boolean' };
const inThread = (properties: JsonSchema): JsonSchema => ({
  type: 'object',
  properties: { thread: text, ...properties },
  required: ['thread'],
});

/** `checkpoint/list`, `checkpoint/diff`, `checkpoint/revert` and `checkpoint/undo`. */
export function checkpointRequests(means: Means): readonly RequestHandler[] {
  const how = { force: yes, skip: yes, dryRun: yes };
  return [
    {
      name: 'checkpoint/list',
      params: inThread({}),
      result: { type: 'object', required: ['turns'] },
      run: (params, context) => list(threadOf(params), context, means),
    },
    {
      name: 'checkpoint/diff',
      params: inThread({ turn: text, version: { type: 'number' } }),
      result: { type: 'object', required: ['version'] },
      run: (params, context) => diff(params as DiffParams, context, means), // each field is checked
    },
    {
      name: 'checkpoint/revert',
      params: inThread({ turn: text, files: yes, ...how }),
      result: { type: 'object', required: ['done', 'files', 'changed', 'uncovered'] },
      run: (params, context): Promise<Outcome> => revert(wantedOf(params), context, means),
    },
    {
      name: 'checkpoint/undo',
      params: inThread(how),
      result: { type: 'object', required: ['done', 'files', 'changed', 'uncovered'] },
      run: (params, context): Promise<Outcome> =>
        undo({ ...wantedOf(params), files: true }, context, means),
    },
  ];
}

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
