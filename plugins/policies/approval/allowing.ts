/** What of an effect the rules that allow cover. */

import type { Effect, Settings } from '../../../core/index.ts';
import { isAtPath } from '../rules/glob.ts';
import type { Means } from '../rules/judge.ts';
import { matchDomain, matchOrigin } from '../rules/match.ts';
import { foldersOf, guardedName, placeOf } from '../rules/places.ts';
import type { PlacedRule, Rule } from '../rules/rule.ts';
import { readArgv } from '../shell/command.ts';
import type { Segment } from '../shell/script.ts';
import { coverScript } from './cover.ts';

/** The rule that allows an effect. Without one, the parts of its command that none does, if it is understood. */
export interface Allowing {
  readonly by?: PlacedRule;
  readonly missing?: readonly Segment[];
  /** Whether its command only reads, files in the roots. */
  readonly isKnownRead: boolean;
}

/** Judges an effect by rules that allow, strongest first. */
export async function allowingOf(
  effect: Effect,
  settings: Settings,
  rules: readonly PlacedRule[],
  means: Means,
): Promise<Allowing> {
  const fitting = rules.filter(({ rule }) => isFitting(rule, effect));
  if (effect.kind !== 'spawn' && effect.kind !== 'input') {
    const place = placeOf(effect, settings, means.resolve);
    const by = fitting.find(({ rule }) => isAllowed(rule, effect, place.roots));
    return { isKnownRead: false, ...(by && { by }) };
  }
  const whole = fitting.find(({ rule }) => rule.command === undefined && rule.path === undefined);
  if (whole !== undefined) return { by: whole, isKnownRead: false };
  return commandOf(effect, settings, fitting, means);
}

async function commandOf(
  effect: Extract<Effect, { kind: 'spawn' | 'input' }>,
  settings: Settings,
  rules: readonly PlacedRule[],
  means: Means,
): Promise<Allowing> {
  const { approval, sandbox } = settings;
  const script = await readArgv(effect.argv, means.parser);
  const place = placeOf(effect, settings, means.resolve);
  const cover = coverScript(script, rules, {
    ...place,
    folders: foldersOf(script.segments, place.cwd),
    searchPath: process.env['PATH'] ?? '',
    isWritable: approval !== 'untrusted' && sandbox !== 'read-only',
  });
  if (cover === undefined) return { isKnownRead: false };
  const { missing } = cover;
  const [by] = cover.rules;
  if (missing.length > 0) return { isKnownRead: false, missing };
  return by === undefined
    ? { isKnownRead: effect.kind === 'spawn', missing }
    : { isKnownRead: false, by };
}

function isFitting(rule: Rule, effect: Effect): boolean {
  // A command may be redirected to a file that a rule allows.
  const isFiles = rule.path !== undefined && effect.kind === 'spawn';
  return (
    rule.action === 'allow' &&
    (rule.kind === undefined || rule.kind === effect.kind || isFiles) &&
    matchOrigin(rule, effect) === 'yes' &&
    matchDomain(rule, effect) === 'yes'
  );
}

function isAllowed(rule: Rule, effect: Effect, roots: readonly string[]): boolean {
  if (rule.command !== undefined) return false;
  if (effect.kind !== 'read' && effect.kind !== 'write') return rule.path === undefined;
  const guard = effect.kind === 'write' ? guardedName(effect.path, roots) : undefined;
  // What acts later must be named.
  const isNamed = guard === undefined || rule.path?.toLowerCase().includes(guard) === true;
  return isNamed && (rule.path === undefined || isAtPath(effect.path, rule.path, { roots }));
}
