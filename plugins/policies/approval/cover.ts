/** Whether rules allow a whole command: every part of it, each of them certain. */

import { isHarmless } from './assignments.ts';
import { isDestructive, isLending } from './destructive.ts';
import { isKnownRead, type ReadPlace } from './known-reads.ts';
import { isAtPath } from '../rules/glob.ts';
import { filesOf, guardedName, isIn } from '../rules/places.ts';
import { commandWords, type PlacedRule } from '../rules/rule.ts';
import { programName } from '../shell/runs.ts';
import type { Redirect, Script, Segment, Word } from '../shell/script.ts';

/** Which rules allow the parts of a command, and which parts none does. */
export interface Cover {
  readonly rules: readonly PlacedRule[];
  readonly missing: readonly Segment[];
}

/** Where a command works, and whether it may write there. */
export interface CoverPlace extends ReadPlace {
  readonly isWritable: boolean;
}

/** What of a command is allowed; `undefined` when it is not all understood. */
export function coverScript(
  { segments, unknown }: Script,
  rules: readonly PlacedRule[],
  place: CoverPlace,
): Cover | undefined {
  if (unknown !== undefined || segments.length === 0) return undefined;
  return join(segments.map((segment) => coverSegment(segment, rules, place)));
}

function join(covers: readonly Cover[]): Cover {
  return {
    rules: covers.flatMap((cover) => cover.rules),
    missing: covers.flatMap((cover) => cover.missing),
  };
}

function coverSegment(segment: Segment, rules: readonly PlacedRule[], place: CoverPlace): Cover {
  const missing = { rules: [], missing: [segment] };
  const files = coverRedirects(segment, rules, place);
  const isSetting = segment.assignments.some((one) => !isHarmless(one, segment));
  if (files === undefined || isSetting) return missing;
  const words = coverWords(segment, rules, place) ?? coverFreely(segment, place);
  return words === undefined ? missing : join([files, words]);
}

/** What needs no rule beside other commands. */
function coverFreely(segment: Segment, place: CoverPlace): Cover | undefined {
  return segment.words.length === 0 || isKnownRead(segment, place) ? nothing : undefined;
}

const nothing: Cover = { rules: [], missing: [] };

/** By a rule for the command, or for what it runs; `undefined` when neither is there. */
function coverWords(
  segment: Segment,
  rules: readonly PlacedRule[],
  place: CoverPlace,
): Cover | undefined {
  const { runs } = segment;
  const own = rules.find((placed) => allowsWords(placed, segment));
  const cover = own && { rules: [own], missing: [] };
  if (runs === undefined) return cover;
  const inner = join(runs.segments.map((one) => coverSegment(one, rules, place)));
  if (runs.how === 'also') return cover && join([cover, inner]);
  // A rule for `timeout` says nothing of what it runs.
  if (own !== undefined)
    return (commandWords(own.rule)?.length ?? 0) > runs.own ? cover : undefined;
  // What only reads is not known to when another command runs it.
  const isInner = inner.rules.length > 0 || inner.missing.length > 0;
  return runs.how === 'only' && isInner ? inner : undefined;
}

/** Whether a rule's words are those that a command begins with, and the rest does not make it something else. */
function allowsWords({ rule }: PlacedRule, { words }: Segment): boolean {
  const wanted = commandWords(rule);
  const [first] = words;
  if (wanted === undefined || rule.action !== 'allow' || first === undefined) return false;
  const isBegun = wanted.every((word, at) => isWord(words[at], word, at === 0));
  if (!isBegun || !first.isPlain) return false;
  const isWorse = isDestructive(words.map(({ value }) => value)) && !isDestructive(wanted);
  return !isWorse && !isLending(words, wanted.length);
}

function isWord(word: Word | undefined, wanted: string, isName: boolean): boolean {
  if (word?.value === undefined) return false;
  return word.value === wanted || (isName && programName(word.value) === wanted);
}

/** Nothing is written outside the roots, or where it acts later, unless a rule allows that. */
function coverRedirects(
  { redirects }: Segment,
  rules: readonly PlacedRule[],
  place: CoverPlace,
): Cover | undefined {
  const used: PlacedRule[] = [];
  for (const redirect of redirects) {
    const found = coverRedirect(redirect, rules, place);
    if (found === undefined) return undefined;
    used.push(...found);
  }
  return { rules: used, missing: [] };
}

function coverRedirect(
  { kind, target }: Redirect,
  rules: readonly PlacedRule[],
  { folders, roots, resolve, isWritable }: CoverPlace,
): readonly PlacedRule[] | undefined {
  if (kind === 'copy' || kind === 'text' || target?.value === '/dev/null') return [];
  const files = target?.value === undefined ? undefined : filesOf(target.value, folders, resolve);
  if (files === undefined) return undefined;
  const isSafe = (file: string) =>
    isIn(file, roots) &&
    (kind === 'read' || (isWritable && guardedName(file, roots) === undefined));
  const unsafe = files.filter((file) => !isSafe(file));
  const found = unsafe.map((file) =>
    rules.find(
      ({ rule }) =>
        rule.path !== undefined &&
        rule.command === undefined &&
        (rule.kind === undefined || rule.kind === kind) &&
        isAtPath(file, rule.path, { roots }),
    ),
  );
  return found.every((one) => one !== undefined) ? found : undefined;
}
