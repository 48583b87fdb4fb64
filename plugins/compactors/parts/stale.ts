/** Calls whose result no longer tells anything: the file has changed since, or the same was asked again later. */

import { resolve } from 'node:path';

import type { Unit } from './units.ts';

/** A unit that has gone stale, and why. */
export interface Stale {
  readonly unit: Unit;
  readonly why: string;
}

const patchHeader = /^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+)$/gm;

/** What the calls behind one have done. */
interface Later {
  readonly calls: Set<string>;
  readonly changed: Set<string>;
  hasPlan: boolean;
}

/** Stale calls, the oldest first. `cwd` is where relative paths begin. */
export function staleIn(units: readonly Unit[], cwd: string): readonly Stale[] {
  const later: Later = { calls: new Set(), changed: new Set(), hasPlan: false };
  const stale: Stale[] = [];
  for (const unit of units.toReversed()) {
    const { call, result } = unit;
    if (call === undefined || result === undefined) continue;
    const args = parse(call.args);
    const changed = result.isError ? [] : changedBy(args, cwd);
    const made: Made = {
      key: `${call.name} ${JSON.stringify(args)}`,
      args,
      isPatch: changed.length > 0,
      isPlan: result.detail?.['plan'] !== undefined,
    };
    const why = whyStale(made, later, cwd);
    if (why !== undefined) stale.push({ unit, why });
    later.calls.add(made.key);
    later.hasPlan ||= made.isPlan;
    for (const path of changed) later.changed.add(path);
  }
  return stale.toReversed();
}

interface Made {
  readonly key: string;
  readonly args: Args;
  readonly isPatch: boolean;
  readonly isPlan: boolean;
}

function whyStale(
  { key, args, isPatch, isPlan }: Made,
  later: Later,
  cwd: string,
): string | undefined {
  const path =
    typeof args['path'] === 'string' && !isPatch ? resolve(cwd, args['path']) : undefined;
  if (isPlan && later.hasPlan) return 'a newer plan follows';
  if (path !== undefined && later.changed.has(path)) return `${path} was changed later`;
  // What a process says next is not what it said before.
  return later.calls.has(key) && args['process'] === undefined
    ? 'the same call was made again later'
    : undefined;
}

/** Files named by a patch, under whatever argument it comes. */
function changedBy(args: Args, cwd: string): readonly string[] {
  const texts = Object.values(args).filter((value) => typeof value === 'string');
  return texts.flatMap((text) =>
    [...text.matchAll(patchHeader)].map(([, path = '']) => resolve(cwd, path.trim())),
  );
}

type Args = Readonly<Record<string, unknown>>;

/** Arguments that are no JSON object stand for themselves. */
function parse(text: string): Args {
  try {
    const value: unknown = JSON.parse(text);
    // Each key is checked where it is read.
    return typeof value === 'object' && value !== null ? (value as Args) : { text };
  } catch {
    return { text };
  }
}
