/** Judges by the rules that ask and deny. What others allow is for the policy that would otherwise ask. */

import type { Effect, Settings, Verdict } from '../../../core/index.ts';
import { readArgv } from '../shell/command.ts';
import type { Script } from '../shell/script.ts';
import type { ParseText } from '../shell/tree.ts';
import { type Match, matchWidely } from './match.ts';
import { placeOf } from './places.ts';
import { groundsOf, type PlacedRule } from './rule.ts';

/** What judging needs of the machine. */
export interface Means {
  /** The shell's parser, loaded when first asked for. */
  readonly parser: () => Promise<ParseText>;
  /** An absolute path without links. */
  readonly resolve: (path: string) => string;
}

/** By rules that ask or deny, strongest layer first: the strictest that is about it wins, of equals the first. */
export async function judgeByRules(
  effect: Effect,
  settings: Settings,
  rules: readonly PlacedRule[],
  means: Means,
): Promise<Verdict | undefined> {
  const relevant = isTrustedCode(effect)
    ? rules.filter(({ rule }) => rule.action === 'deny')
    : rules;
  const place = placeOf(effect, settings, means.resolve);
  const script = relevant.some(needsScript) ? await scriptOf(effect, means) : undefined;
  const found = relevant.flatMap((placed) => {
    const match = matchWidely(placed.rule, { effect, place, ...(script && { script }) });
    return match === 'no' ? [] : [verdictOf(placed, match, script)];
  });
  const strictest = found.find(({ verdict }) => verdict === 'deny') ?? found[0];
  return strictest && forMode(strictest, settings);
}

/** What plugins read for the prompt, and their requests to a model: nobody is asked, but a rule may deny them. */
function isTrustedCode({ origin, kind }: Effect): boolean {
  return origin.kind === 'plugin' && (kind === 'read' || kind === 'fetch');
}

function needsScript({ rule }: PlacedRule): boolean {
  return rule.command !== undefined || rule.path !== undefined;
}

/** A process that takes its commands from its input is judged by that too. */
async function scriptOf(effect: Effect, { parser }: Means): Promise<Script | undefined> {
  if (effect.kind === 'spawn') return readArgv(effect.argv, parser);
  if (effect.kind !== 'input') return undefined;
  const own = await readArgv(effect.argv, parser);
  const isShell = /(?:^|\/)(?:ba|da)?sh$/.test(effect.argv[0] ?? '') && !effect.argv.includes('-c');
  if (!isShell) return own;
  return readArgv(['bash', '-c', effect.data], parser);
}

function verdictOf(placed: PlacedRule, match: Match, script: Script | undefined): Verdict {
  const { action } = placed.rule;
  if (match === 'yes') {
    const what = action === 'deny' ? 'denies it' : 'asks for it';
    return { verdict: action, ...groundsOf(placed, `a rule ${what}`) };
  }
  const doubt = script?.unknown ?? 'what it comes to is not certain';
  return { verdict: 'ask', ...groundsOf(placed, ''), reason: `a rule may be about it: ${doubt}` };
}

/** Where nobody is to be asked, what would be asked is denied. */
function forMode(verdict: Verdict, { approval }: Settings): Verdict {
  if (approval !== 'never' || verdict.verdict !== 'ask') return verdict;
  const reason = `${verdict.reason}; it would be asked for with --approval on-request`;
  return { ...verdict, verdict: 'deny', reason };
}
