/** Whether a rule is about an effect. Rules that ask or deny are read widely: what is not certain may be meant. */

import { posix } from 'node:path';

import type { Effect } from '../../../core/index.ts';
import { type Script, type Segment, withRuns, type Word } from '../shell/script.ts';
import { isAtPath, isNamed } from './glob.ts';
import { filesOf, foldersOf, type Place } from './places.ts';
import { commandWords, type Rule } from './rule.ts';

export type Match = 'yes' | 'maybe' | 'no';
const order: readonly Match[] = ['no', 'maybe', 'yes'];

/** The least of some matches. */
function all(matches: readonly Match[]): Match {
  return order[Math.min(...matches.map((one) => order.indexOf(one)), order.length - 1)] ?? 'no';
}

/** The most of some matches. */
function any(matches: readonly Match[]): Match {
  return order[Math.max(...matches.map((one) => order.indexOf(one)), 0)] ?? 'no';
}

function certain(isMatch: boolean): Match {
  return isMatch ? 'yes' : 'no';
}

/** An effect to match; `script` is what its command comes to, where it has one. */
export interface Matched {
  readonly effect: Effect;
  readonly script?: Script;
  readonly place: Place;
}

/** Whether a rule that asks or denies is about an effect. */
export function matchWidely(rule: Rule, { effect, script, place }: Matched): Match {
  // A command reads and writes what it names.
  const isFiles = effect.kind === 'spawn' && /^(?:read|write)$/.test(rule.kind ?? '');
  const isKind = rule.kind === undefined || rule.kind === effect.kind;
  const about = all([
    matchOrigin(rule, effect),
    matchDomain(rule, effect),
    certain(isKind || (isFiles && rule.path !== undefined)),
  ]);
  return about === 'no' ? 'no' : all([about, matchBody(rule, { effect, script, place })]);
}

/** What of a rule is about a command or a file. */
function matchBody({ path, ...rule }: Rule, { effect, script, place }: Matched): Match {
  if (path === undefined && rule.command === undefined) return 'yes';
  if (effect.kind === 'read' || effect.kind === 'write') {
    const isThere = path !== undefined && isAtPath(effect.path, path, { ...place, anyCase: true });
    return certain(isThere && rule.command === undefined);
  }
  return script === undefined ? 'no' : matchScript({ ...rule, path }, script, place);
}

/** What of a rule does not depend on a command or path: tool, server and sandbox. */
export function matchOrigin({ tool, server, confined }: Rule, effect: Effect): Match {
  const used = usedBy(effect);
  return certain(
    (tool === undefined || (used.tool !== undefined && isNamed(used.tool, tool))) &&
      (server === undefined || (used.server !== undefined && isNamed(used.server, server))) &&
      (confined === undefined || confined === used.confined),
  );
}

interface Used {
  readonly tool?: string;
  readonly server?: string;
  readonly confined?: boolean;
}

function usedBy(effect: Effect): Used {
  if (effect.kind === 'call') return effect;
  const { kind, name, tool } = effect.origin;
  const by =
    kind === 'tool'
      ? { tool: name }
      : kind === 'agent'
        ? { tool }
        : kind === 'mcp'
          ? { server: name }
          : {};
  return effect.kind === 'spawn' ? { ...by, confined: effect.confined !== 'none' } : by;
}

/** The host of a request against a rule's domain. */
export function matchDomain({ domain }: Rule, effect: Effect): Match {
  if (domain === undefined) return 'yes';
  if (effect.kind !== 'fetch') return 'no';
  const host = hostOf(effect.url);
  return host === undefined ? 'maybe' : certain(isNamed(host, domain.toLowerCase()));
}

/** The host of a URL in lower case, without a last dot; `undefined` when it is none. */
export function hostOf(url: string): string | undefined {
  const host = URL.parse(url)?.hostname.replace(/\.$/, '').toLowerCase();
  return host === '' ? undefined : host;
}

function matchScript(rule: Rule, { segments, unknown }: Script, place: Place): Match {
  const folders = foldersOf(segments, place.cwd);
  const words = commandWords(rule);
  const found = [...withRuns(segments)].map((segment) =>
    all([
      words === undefined ? 'yes' : matchCommand(words, segment.words),
      rule.path === undefined ? 'yes' : matchPaths(rule, segment, { folders, place }),
    ]),
  );
  const doubt: Match = unknown !== undefined && words !== undefined ? 'maybe' : 'no';
  return any([...found, doubt]);
}

/** Options may stand between the words of a rule, and an option of the rule anywhere after them. */
function matchCommand(rule: readonly string[], words: readonly Word[]): Match {
  const [name, ...args] = words;
  if (name === undefined) return 'no';
  if (name.value === undefined) return 'maybe';
  const program = posix.basename(name.value).toLowerCase();
  if (program !== posix.basename(rule[0] ?? '').toLowerCase()) return 'no';
  const positional = rule.slice(1).filter((word) => !word.startsWith('-'));
  const options = rule.slice(1).filter((word) => word.startsWith('-'));
  return all([matchWords(positional, args), ...options.map((one) => matchOption(one, args))]);
}

function matchWords(wanted: readonly string[], args: readonly Word[]): Match {
  let at = 0;
  for (const want of wanted) {
    let mayBeValue = false;
    for (; ; at++) {
      const word = args[at];
      if (word === undefined) return 'no';
      if (word.value === undefined) return 'maybe';
      if (word.value === want) break;
      const isOption = word.value.startsWith('-');
      if (!isOption && !mayBeValue) return 'no';
      mayBeValue = isOption && !word.value.includes('=');
    }
    at += 1;
  }
  return 'yes';
}

function matchOption(option: string, args: readonly Word[]): Match {
  const isShort = /^-[A-Za-z]+$/.test(option);
  const letters = args.map(({ start }) => /^-([A-Za-z]+)/.exec(start)?.[1] ?? '').join('');
  const isGiven =
    args.some(({ start }) => start === option || start.startsWith(`${option}=`)) ||
    (isShort &&
      option
        .slice(1)
        .split('')
        .every((letter) => letters.includes(letter)));
  if (isGiven) return 'yes';
  return args.some(({ value, start }) => value === undefined && /^(?:-|$)/.test(start))
    ? 'maybe'
    : 'no';
}

interface Where {
  readonly folders: readonly string[] | undefined;
  readonly place: Place;
}

/** What a command names as a file: where it is redirected, and, for a rule of no kind, its arguments. */
function matchPaths({ path = '', kind }: Rule, segment: Segment, where: Where): Match {
  const isAny = kind !== 'read' && kind !== 'write';
  const targets = segment.redirects.flatMap((one) =>
    one.target === undefined || (!isAny && kind !== one.kind) ? [] : [one.target],
  );
  const args = isAny ? segment.words.slice(1) : [];
  return any([
    ...targets.map((word) => matchFile(path, word.value, where) ?? 'maybe'),
    ...args.map((word) => matchFile(path, word.value?.replace(/^-[^=]*=/, ''), where) ?? 'no'),
  ]);
}

function matchFile(pattern: string, file: string | undefined, where: Where): Match | undefined {
  const { folders, place } = where;
  const files = file === undefined ? undefined : filesOf(file, folders, place.resolve);
  const { roots } = place;
  return files && certain(files.some((one) => isAtPath(one, pattern, { roots, anyCase: true })));
}
