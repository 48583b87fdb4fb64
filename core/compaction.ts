/** Compaction: the compactors propose, the kernel checks, and adds its own list of what was done. */

import { createHash } from 'node:crypto';

import type { CompactionJob, Compactor, Model } from './contracts.ts';
import { KernelError, messageOf } from './errors.ts';
import type { FragmentItem, Item, WindowEntry } from './item.ts';
import type { Thread } from './thread.ts';
import { faultOf, ledgerSource, pinsOf } from './window.ts';

/** The share of the model's window at which compaction starts, and the share it aims at. */
const fullAt = 0.85;
const aimAt = 0.45;
/** The newest commands and files that the kernel's own list holds, each. */
const maxListed = 100;

export interface CompactionOptions {
  readonly thread: Thread;
  readonly model: Model;
  readonly compactors: readonly Compactor[];
  readonly reason: CompactionJob['reason'];
  readonly remark?: string | undefined;
  readonly signal: AbortSignal;
  readonly ask: CompactionJob['ask'];
}

/** Whether the next request would come too near the model's window. */
export function isFull(thread: Thread, model: Model): boolean {
  const { window, output } = model.traits(thread.settings);
  const room = window - Math.min(output, window / 4);
  return thread.window.tokens(model) > room * fullAt;
}

/** Moves the window. Throws `model_context` when no compactor gives one that can be taken. */
export async function compact(
  options: CompactionOptions,
): Promise<{ readonly before: number; readonly after: number }> {
  const { thread, model } = options;
  const weights = thread.window.weights(model);
  const before = weights.reduce((sum, weight) => sum + weight.tokens, 0);
  const parts = weights.map((weight) => weight.part);
  const pins = pinsOf(parts);
  const job: CompactionJob = {
    thread: thread.id,
    settings: thread.settings,
    reason: options.reason,
    parts: weights.map(({ part, tokens }) => ({ part, tokens, pinned: pins.has(part.n) })),
    target: Math.floor(Math.min(model.traits(thread.settings).window * aimAt, before * 0.7)),
    ...(options.remark === undefined ? {} : { remark: options.remark }),
    signal: options.signal,
    ask: options.ask,
  };
  const weigh = (entries: readonly WindowEntry[]) => weightOf(entries, job);
  const { entries, by } = await propose(options, job, (entries) => {
    const fault = faultOf(entries, parts, pins);
    if (fault !== undefined) return fault;
    return weigh(entries) < before ? undefined : 'it does not shrink the window';
  });
  const withLedger = [...entries, { fragment: ledger(thread.items) }];
  const after = weigh(withLedger);
  await thread.append([
    { type: 'window', reason: 'compaction', by, entries: withLedger, before, after },
  ]);
  return { before, after };
}

/** The first proposal that can be taken; a compactor that fails gives a notice, and the next one has its turn. */
async function propose(
  options: CompactionOptions,
  job: CompactionJob,
  faultIn: (entries: readonly WindowEntry[]) => string | undefined,
): Promise<{ readonly entries: readonly WindowEntry[]; readonly by: string }> {
  const { thread, compactors, signal } = options;
  const run = async (
    index: number,
    current: CompactionJob,
  ): Promise<{ entries: readonly WindowEntry[]; by: string }> => {
    const compactor = compactors[index];
    if (compactor === undefined) {
      throw new KernelError(
        'model_context',
        'the window is full and no compactor could shrink it: start a new thread, use a model with a larger window, or add the compactor "prune"',
      );
    }
    let inner: string | undefined;
    try {
      const next = async (later: CompactionJob) => {
        const found = await run(index + 1, later);
        inner = found.by;
        return found.entries;
      };
      const entries = await compactor.compact(current, next);
      const fault = faultIn(entries);
      if (fault === undefined)
        return {
          entries,
          by: inner === undefined ? compactor.name : `${compactor.name} over ${inner}`,
        };
      thread.notice(refusal(compactor, fault));
    } catch (error) {
      if (signal.aborted) throw error;
      thread.notice(refusal(compactor, messageOf(error)));
    }
    return run(index + 1, job);
  };
  return run(0, job);
}

function refusal(compactor: Compactor, why: string) {
  const message = `the window of compactor ${compactor.name} was not taken: ${why}`;
  return { level: 'warning', plugin: compactor.name, code: 'compaction', message } as const;
}

function weightOf(entries: readonly WindowEntry[], job: CompactionJob): number {
  let tokens = 0;
  for (const entry of entries) {
    if ('fragment' in entry) tokens += Math.ceil(entry.fragment.text.length / 4);
    else
      for (const { part, tokens: own } of job.parts)
        if (part.n >= entry.keep[0] && part.n <= entry.keep[1]) tokens += own;
  }
  return tokens;
}

/** The kernel's own list of commands run and files read and changed, from the decision records alone. */
function ledger(items: readonly Item[]): Omit<FragmentItem, 'type'> {
  const commands: string[] = [];
  const reads = new Set<string>();
  const writes = new Set<string>();
  for (const item of items) {
    if (item.type !== 'decision' || item.verdict !== 'allow' || item.origin.kind === 'plugin')
      continue;
    const { kind, argv, path } = item.effect;
    if (kind === 'spawn' && Array.isArray(argv)) commands.push(argv.join(' ').slice(0, 200));
    else if (typeof path === 'string') (kind === 'write' ? writes : reads).add(path);
  }
  const list = (title: string, all: readonly string[]) =>
    all.length === 0
      ? []
      : [
          `${title}${all.length > maxListed ? ` (the last ${maxListed} of ${all.length})` : ''}:`,
          ...all.slice(-maxListed).map((one) => `- ${one}`),
        ];
  const text = [
    'What was done in this thread so far, as recorded by the harness:',
    ...list('Files changed', [...writes]),
    ...list('Commands run', commands),
    ...list(
      'Files read',
      [...reads].filter((path) => !writes.has(path)),
    ),
  ].join('\n');
  return {
    plugin: ledgerSource,
    source: 'decision records',
    stability: 'turn',
    role: 'developer',
    text,
    hash: hashOf(text),
    pinned: true,
  };
}

/** SHA-256 of a text, its first 16 hex digits. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
