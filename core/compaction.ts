/** Compaction: the compactors propose, the kernel checks, and adds its own list of what was done. */

import type { CompactionJob } from './contracts.ts';
import { KernelError, messageOf } from './errors.ts';
import type { Item, Part, WindowEntry } from './item.ts';
import { readAll } from './prompt.ts';
import { within } from './race.ts';
import * as slots from './slots.ts';
import { callModel } from './step.ts';
import type { Turn } from './turn.ts';
import { isWithin, tokensOf } from './window.ts';

/** The share of the model's room at which compaction starts, and the share it aims at. */
const [fullAt, aimAt] = [0.85, 0.45];
/** A compactor that hangs must not hang the thread; one that asks a model takes its time. */
const limitMs = 120_000;
/** The newest commands and files that the kernel's own list holds, each. */
const maxListed = 100;
/** The owner of that list, which is made anew each time. */
const ledgerSource = 'kernel';

/** Tokens that the window may have, leaving room for the answer. */
function roomOf({ model, settings }: Turn): number {
  const { window, output } = model.traits(settings);
  return window - Math.min(output, window / 4);
}

/** Whether the next request would come too near the model's window. */
export const isFull = (turn: Turn): boolean =>
  tokensOf(turn.thread.window.weigh(turn.model)) > roomOf(turn) * fullAt;

/** Moves the window; what the model is told is read anew. Throws `model_context` when no compactor gives one that can be taken. */
export async function compact(turn: Turn, reason: CompactionJob['reason'], remark?: string) {
  const { thread, model } = turn;
  const pins = pinsOf(thread.window.parts());
  const parts = thread.window.weigh(model).map((one) => ({ ...one, pinned: pins.has(one.part.n) }));
  const before = tokensOf(parts);
  const stay = tokensOf(parts.filter(({ pinned }) => pinned));
  const target = Math.max(Math.min(roomOf(turn) * aimAt, before * 0.7), before * 0.4 + stay * 0.6);
  const lent = turn.lend({ kind: 'plugin', name: ledgerSource });
  const job = { ...lent, reason, remark, parts, target, ask: askModel.bind(null, turn) };
  const { entries: kept, by } = await propose(turn, job, 0);
  const entries = [...kept, ledger(thread.items)];
  const after = weightOf(entries, job);
  await thread.append([{ type: 'window', reason: 'compaction', by, entries, before, after }]);
  await readAll(turn);
}

/** A question of a compactor to the thread's model: same prefix, same tools, no calls; nothing of it is appended. */
async function askModel(turn: Turn, input: string): Promise<string> {
  const { thread, model } = turn;
  const content = [{ type: 'text', text: input }] as const;
  const part = { type: 'user', content, how: 'start', n: thread.items.length, at: 0 } as const;
  let text = '';
  for await (const event of callModel(turn, 'none', { part, text: model.encode(part) })) {
    if (event.type === 'output' && event.output.type === 'assistant') text += event.output.text;
    if (event.type === 'restart') text = '';
  }
  return text;
}

type Proposal = Readonly<{ entries: readonly WindowEntry[]; by: string }>;

/** The first proposal that can be taken; a compactor that fails gives a notice, and the next one has its turn. */
async function propose(turn: Turn, job: CompactionJob, index: number): Promise<Proposal> {
  const compactor = turn.get(slots.compactors)[index];
  const message = 'the window stays full: start a new thread, or take a model with a larger window';
  if (compactor === undefined) throw new KernelError('model_context', message);
  const { name: by } = compactor;
  const own = { ...job, ...turn.lend({ kind: 'plugin', name: by }) };
  let inner: Proposal | undefined;
  const next = async (later: CompactionJob) =>
    (inner = await propose(turn, later, index + 1)).entries;
  try {
    const proposed = compactor.compact(own, next);
    const entries = await within(proposed, { ...own, limitMs, what: `compactor ${by}` });
    const fault = faultIn(entries, job);
    if (fault === undefined) return entries === inner?.entries ? inner : { entries, by };
    own.notice('warning', `its window was not taken: ${fault}`);
  } catch (error) {
    if (turn.signal.aborted) throw error;
    own.notice('warning', `it gave no window: ${messageOf(error)}`);
  }
  return propose(turn, job, index + 1);
}

/**
 * What of a window must survive, by ordinal: tools, pinned fragments, what the user said first and last, the newest plan
 * (a result whose `detail` has one) with its call, open calls.
 */
export function pinsOf(parts: readonly Part[]): ReadonlySet<number> {
  const users = parts.filter((part) => part.type === 'user');
  const results = parts.filter((part) => part.type === 'result');
  const plan = results.findLast((result) => result.detail?.['plan'] !== undefined);
  const answered = new Set(results.map((result) => result.call));
  const isPinned = (part: Part): boolean => {
    if (part.type === 'fragment') return part.pinned && part.plugin !== ledgerSource;
    if (part.type === 'call') return part.call === plan?.call || !answered.has(part.call);
    return part.type === 'tools' || part === plan || part === users[0] || part === users.at(-1);
  };
  return new Set(parts.filter(isPinned).map((part) => part.n));
}

/** Why a window cannot be taken, or `undefined`. */
function faultIn(entries: readonly WindowEntry[], job: CompactionJob): string | undefined {
  const ranges = entries.flatMap((entry) => ('keep' in entry ? [entry.keep] : []));
  const isBack = ranges.some(([from, to], at) => from > to || from <= (ranges[at - 1]?.[1] ?? -1));
  if (isBack) return 'it reorders parts';
  const isKept = (part: Part) => ranges.some((range) => isWithin(part.n, range));
  const lost = job.parts.find(({ part, pinned }) => pinned && !isKept(part))?.part;
  if (lost !== undefined) return `it drops the pinned ${lost.type} at ordinal ${lost.n}`;
  const sides = new Map<string, boolean>();
  for (const { part } of job.parts) {
    if (part.type === 'call') sides.set(part.call, isKept(part));
    const isSplit = part.type === 'result' && sides.get(part.call) === !isKept(part);
    if (isSplit) return `it splits call ${part.call} from its result`;
  }
  return weightOf(entries, job) < tokensOf(job.parts) ? undefined : 'it does not shrink';
}

function weightOf(entries: readonly WindowEntry[], { parts }: CompactionJob): number {
  const weights = entries.flatMap((entry) => {
    if ('fragment' in entry) return { tokens: Math.ceil(JSON.stringify(entry).length / 4) };
    return parts.filter(({ part }) => isWithin(part.n, entry.keep));
  });
  return tokensOf(weights);
}

/** The kernel's own list of commands run and files read and changed, from the decision records alone. */
function ledger(items: readonly Item[]): WindowEntry {
  const decisions = items.filter((item) => item.type === 'decision');
  const done = decisions.filter((one) => one.verdict === 'allow' && one.origin.kind !== 'plugin');
  const listed = (kind: string, title: string) => {
    const effects = done.map(({ effect }) => effect).filter((effect) => effect.kind === kind);
    const all = new Set(effects.map(({ argv, path }) => [argv ?? path].flat().join(' ')));
    const newest = [...all].slice(-maxListed).map((one) => `- ${one.slice(0, 200)}`);
    return all.size === 0 ? [] : [`${title} (${newest.length} of ${all.size}):`, ...newest];
  };
  const text = [
    'Done in this thread so far, as the harness recorded it:',
    ...listed('write', 'Files changed'),
    ...listed('spawn', 'Commands run'),
    ...listed('read', 'Files read'),
  ].join('\n');
  const rest = { source: 'decision records', text, pinned: true };
  return { fragment: { plugin: ledgerSource, stability: 'turn', role: 'developer', ...rest } };
}
