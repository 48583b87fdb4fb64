/** What every compactor must do; each implementation runs this suite, on windows of any kind. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type {
  CompactionJob,
  Compactor,
  Part,
  PartBody,
  Plugin,
  WindowEntry,
} from '../../core/index.ts';
import { valuesOf } from './collect.ts';
import { sampleSettings } from './sample-items.ts';

export type JobParts = CompactionJob['parts'];

export interface CompactorContractOptions {
  readonly plugin: () => Plugin;
  /** What the model answers when it is asked. */
  readonly answer?: string;
  /** Whether the window is always within the target, unless pins alone exceed it. */
  readonly reachesTarget?: boolean;
}

/** What a compactor that gives up hands on to. */
class HandedOn extends Error {}

export function compactorContract(name: string, options: CompactorContractOptions): void {
  const check = async (verify: (given: Given) => void) => {
    const compactor = await compactorOf(options.plugin());
    await fc.assert(
      fc.asyncProperty(
        anyWindow,
        fc.double({ min: 0, max: 0.9, noNaN: true }),
        async (parts, share) => {
          const job = jobOf(parts, { share, answer: options.answer ?? '' });
          const entries = await compactor
            .compact(job, () => Promise.reject(new HandedOn()))
            .catch(handedOn);
          if (entries !== undefined)
            verify({ parts, job, entries, after: applied(entries, parts) });
        },
      ),
    );
  };

  test(`${name}: no pinned part is lost`, () =>
    check(({ parts, after }) => {
      for (const { part, pinned } of parts) if (pinned) assert.ok(after.includes(part), part.type);
    }));

  test(`${name}: calls keep their results, with nothing but each other between them`, () =>
    check(({ parts, after }) => {
      const before = new Set(parts.map(({ part }) => part));
      for (const part of after) {
        if (part.type === 'result')
          assert.ok(after.some((one) => one.type === 'call' && one.call === part.call));
        if (part.type !== 'call' || !hasResult(before, part.call)) continue;
        const result = after.findIndex((one) => one.type === 'result' && one.call === part.call);
        const between = after.slice(after.indexOf(part), result + 1);
        assert.ok(result > 0);
        assert.ok(
          between.every((one) => isAnswer(one)),
          between.map((one) => one.type).join(' '),
        );
      }
    }));

  test(`${name}: reasoning stays with the answer that follows it`, () =>
    check(({ parts, after }) => {
      parts.forEach(({ part }, index) => {
        const next = parts[index + 1]?.part;
        if (part.type !== 'reasoning' || next === undefined || !isAnswer(next)) return;
        if (!after.includes(part)) return;
        assert.equal(after[after.indexOf(part) + 1], next);
      });
    }));

  test(`${name}: what stays keeps its order, each part once, and the ranges ascend`, () =>
    check(({ parts, entries, after }) => {
      const ordinals = after
        .filter((part) => parts.some((one) => one.part === part))
        .map((part) => part.n);
      assert.deepEqual(
        ordinals,
        ordinals.toSorted((a, b) => a - b),
      );
      assert.equal(new Set(after).size, after.length);
      const bounds = entries.flatMap((entry) => ('keep' in entry ? entry.keep : []));
      for (let at = 2; at < bounds.length; at += 2) assert.ok(bounds[at]! > bounds[at - 1]!);
      assert.deepEqual(JSON.parse(JSON.stringify(entries)), entries);
    }));

  test(`${name}: the window shrinks when anything can go`, () =>
    check(({ parts, job, entries }) => {
      const total = parts.reduce((sum, { tokens }) => sum + tokens, 0);
      if (weightOf(entries, parts) < total) return;
      assert.ok(
        total <= job.target ||
          parts.every(({ part, pinned }) => pinned || part.type === 'reasoning'),
      );
    }));

  if (options.reachesTarget !== true) return;
  test(`${name}: the window is within the target, unless pins alone exceed it`, () =>
    check(({ parts, job, entries }) => {
      const pinned = weightOfPins(parts);
      assert.ok(weightOf(entries, parts) <= Math.max(job.target, pinned));
    }));
}

interface Given {
  readonly parts: JobParts;
  readonly job: CompactionJob;
  readonly entries: readonly WindowEntry[];
  readonly after: readonly Part[];
}

function handedOn(error: unknown): undefined {
  const isExpected =
    error instanceof HandedOn || (error instanceof Error && error.name === 'KernelError');
  if (!isExpected) throw error;
}

/** The one compactor that a plugin adds. */
export async function compactorOf(plugin: Plugin): Promise<Compactor> {
  const [compactor, ...more] = (await valuesOf(plugin))['compactors'] ?? [];
  assert.deepEqual(more, []);
  return compactor as Compactor;
}

export interface JobOptions {
  /** The target as a share of what there is. */
  readonly share: number;
  readonly answer?: string;
}

const unused = {} as never; // windows are made of the job's data alone

export function jobOf(parts: JobParts, { share, answer = '' }: JobOptions): CompactionJob {
  const total = parts.reduce((sum, { tokens }) => sum + tokens, 0);
  return {
    thread: 't',
    settings: sampleSettings,
    reason: 'full',
    parts,
    target: Math.floor(total * share),
    signal: new AbortController().signal,
    client: unused,
    effects: unused,
    notice: () => {},
    ask: () => Promise.resolve(answer),
  };
}

/** Parts as the kernel hands them over: weighed, and pinned where it says so. */
export function weighed(
  bodies: readonly PartBody[],
  pinned: ReadonlySet<number> = new Set(),
): JobParts {
  const parts = bodies.map((body, index): Part => ({ ...body, n: index + 1, at: 0 }));
  return withPins(parts, pinned);
}

function withPins(parts: readonly Part[], pinned: ReadonlySet<number>): JobParts {
  const users = parts.filter((part) => part.type === 'user');
  const answered = new Set(parts.flatMap((part) => (part.type === 'result' ? [part.call] : [])));
  return parts.map((part, index) => ({
    part,
    tokens: Math.ceil(JSON.stringify(part).length / 4),
    pinned:
      pinned.has(index) ||
      part.type === 'tools' ||
      (part.type === 'fragment' && part.pinned) ||
      part === users[0] ||
      part === users.at(-1) ||
      (part.type === 'call' && !answered.has(part.call)),
  }));
}

/** The new window as the kernel makes it of the entries. */
export function applied(entries: readonly WindowEntry[], parts: JobParts): readonly Part[] {
  return entries.flatMap((entry) => {
    if ('fragment' in entry)
      return [{ type: 'fragment', ...entry.fragment, n: 1e9, at: 0 } as const];
    const [from, to] = entry.keep;
    return parts.filter(({ part }) => part.n >= from && part.n <= to).map(({ part }) => part);
  });
}

/** Tokens of a new window as the kernel reckons them. */
export function weightOf(entries: readonly WindowEntry[], parts: JobParts): number {
  const tokens = new Map(parts.map((weight) => [weight.part, weight.tokens]));
  return applied(entries, parts).reduce((sum, part) => {
    const own =
      tokens.get(part) ?? (part.type === 'fragment' ? Math.ceil(part.text.length / 4) : 0);
    return sum + own;
  }, 0);
}

/** Pinned parts with what cannot be parted from them. */
function weightOfPins(parts: JobParts): number {
  const pinnedCalls = new Set(
    parts.flatMap(({ part, pinned }) => (pinned && 'call' in part ? [part.call] : [])),
  );
  const stays = parts.map(
    ({ part, pinned }) => pinned || ('call' in part && pinnedCalls.has(part.call)),
  );
  for (let index = parts.length - 2; index >= 0; index--) {
    if (parts[index]!.part.type === 'reasoning') stays[index] ||= stays[index + 1]!;
  }
  const ordinals = new Set(parts.flatMap(({ part }, index) => (stays[index] ? [part.n] : [])));
  return parts.reduce((sum, { part, tokens }) => sum + (ordinals.has(part.n) ? tokens : 0), 0);
}

function isAnswer(part: Part): boolean {
  return ['reasoning', 'assistant', 'hosted', 'call', 'result'].includes(part.type);
}

function hasResult(parts: ReadonlySet<Part>, call: string): boolean {
  return [...parts].some((part) => part.type === 'result' && part.call === call);
}

export const fragment = (
  text: string,
  changes: Partial<Extract<PartBody, { type: 'fragment' }>> = {},
): PartBody => ({
  type: 'fragment',
  plugin: 'system',
  source: 'spindle',
  stability: 'fixed',
  role: 'system',
  text,
  pinned: true,
  ...changes,
});
export const user = (text: string): PartBody => ({
  type: 'user',
  content: [{ type: 'text', text }],
  how: 'start',
});
export const assistant = (text: string): PartBody => ({ type: 'assistant', id: text, text });
export const reasoning = (id: string): PartBody => ({ type: 'reasoning', id, summary: ['thinks'] });
export const call = (id: string, name: string, args: unknown): PartBody => ({
  type: 'call',
  id,
  call: id,
  name,
  args: JSON.stringify(args),
});
export const result = (
  id: string,
  text: string,
  detail?: { readonly [key: string]: unknown },
): PartBody => ({
  type: 'result',
  call: id,
  name: 'tool',
  content: [{ type: 'text', text }],
  isError: false,
  ...(detail === undefined ? {} : { detail }),
  durationMs: 1,
});

const anyText = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.integer({ min: 0, max: 6000 }).map((size) => 'x'.repeat(size)),
);
const anyArgs = fc.constantFrom(
  { path: 'a' },
  { path: '/work/b' },
  { command: 'ls' },
  { process: 'p1' },
  { input: '*** Begin Patch\n*** Update File: a\n*** End Patch' },
  'not an object',
);
const anyAnswer = fc.record({
  thinks: fc.boolean(),
  says: fc.option(anyText),
  calls: fc.array(fc.record({ args: anyArgs, gives: anyText }), { maxLength: 3 }),
  rethinks: fc.boolean(),
  fragment: fc.option(fc.record({ text: anyText, pinned: fc.boolean() }), { freq: 4 }),
});
const anyTurn = fc.record({ says: anyText, answers: fc.array(anyAnswer, { maxLength: 4 }) });

/** Any window that a thread can have: also after an earlier compaction, and with calls that are still open. */
export const anyWindow: fc.Arbitrary<JobParts> = fc
  .record({
    turns: fc.array(anyTurn, { minLength: 1, maxLength: 5 }),
    isOpen: fc.boolean(),
    compacted: fc.option(fc.nat({ max: 1 }), { freq: 2 }),
  })
  .map(({ turns, isOpen, compacted }) => {
    let id = 0;
    const bodies: PartBody[] = [fragment('You are …'), { type: 'tools', tools: [] }];
    for (const turn of turns) {
      bodies.push(user(turn.says));
      for (const answer of turn.answers) {
        if (answer.thinks) bodies.push(reasoning(`r${id++}`));
        if (answer.says !== null) bodies.push(assistant(answer.says));
        if (answer.rethinks && answer.calls.length > 0) bodies.push(reasoning(`r${id++}`));
        const ids = answer.calls.map(() => `c${id++}`);
        answer.calls.forEach(({ args }, index) => bodies.push(call(ids[index]!, 'tool', args)));
        answer.calls.forEach(({ gives }, index) => bodies.push(result(ids[index]!, gives)));
        if (answer.fragment !== null) {
          bodies.push(
            fragment(answer.fragment.text, { plugin: 'agents-md', pinned: answer.fragment.pinned }),
          );
        }
      }
    }
    if (isOpen) bodies.push(call('open', 'tool', {}));
    return compacted === null ? weighed(bodies) : afterCompaction(bodies, compacted);
  });

/** A summary and the kernel's list stand before and behind older parts, all with the ordinal of their `window` item. */
function afterCompaction(bodies: readonly PartBody[], place: number): JobParts {
  const parts = bodies.map((body, index): Part => ({ ...body, n: index + 1, at: 0 }));
  const users = parts.flatMap((part, index) => (part.type === 'user' ? [index] : []));
  const at = users[Math.min(place, users.length - 1)]!;
  const moved = users.at(-1)!;
  const n = (parts[moved]?.n ?? 0) - 0.5;
  const added = (plugin: string, pinned: boolean): Part => {
    const body = fragment(`by ${plugin}`, { plugin, pinned, role: 'user' });
    return { ...body, n, at: 0 };
  };
  const later = [...parts.slice(0, at), added('summary', false), ...parts.slice(at, moved)];
  const all = [
    ...later,
    added('prune', false),
    { ...added('kernel', true) },
    ...parts.slice(moved),
  ];
  return withPins(all, new Set()).map((weight) => {
    const isLedger = weight.part.type === 'fragment' && weight.part.plugin === 'kernel';
    return isLedger ? { ...weight, pinned: false } : weight;
  });
}
