/** Rules that are offered with a question: as wide as makes sense, and none for what destroys or acts later. */

import { homedir } from 'node:os';
import { basename, dirname } from 'node:path';

import type { Effect, Settings } from '../../../core/index.ts';
import { hostOf } from '../rules/match.ts';
import { guardedName, isIn } from '../rules/places.ts';
import type { Rule } from '../rules/rule.ts';
import type { Segment } from '../shell/script.ts';
import { isDestructive, isLending } from './destructive.ts';

/** A rule that would allow this effect and its like; `missing` are the parts of a command that no rule allows yet. */
export function proposalFor(
  effect: Effect,
  settings: Settings,
  missing: readonly Segment[] | undefined,
): Rule | undefined {
  switch (effect.kind) {
    case 'spawn':
      return forCommand(missing, { confined: effect.confined !== 'none' });
    case 'input':
      return forCommand(missing, { kind: 'input' });
    case 'read':
    case 'write':
      return forFile(effect, settings);
    case 'fetch':
      return forHost(effect.url);
    case 'call':
      return /\*/.test(effect.server + effect.tool)
        ? undefined
        : { action: 'allow', server: effect.server, tool: effect.tool };
  }
}

function forCommand(
  missing: readonly Segment[] | undefined,
  about: Pick<Rule, 'confined' | 'kind'>,
): Rule | undefined {
  const prefixes = (missing ?? []).map(prefixOf);
  const [first, ...others] = prefixes;
  if (first === undefined || others.some((one) => one?.join('\0') !== first.join('\0')))
    return undefined;
  return { action: 'allow', command: first, ...about };
}

/** Commands of which the second word says what they do. */
const withSubcommand: ReadonlySet<string> = new Set(
  [
    'git npm pnpm yarn bun npx cargo go make just pip poetry uv bundle gem rake mvn gradle dotnet',
    'docker podman kubectl helm terraform gh deno mix swift ./gradlew ./mvnw composer task nx turbo',
    'brew apt node python python3 ruby perl php bash sh dash tsx',
  ].flatMap((names) => names.split(' ')),
);
/** Subcommands that take another word to say what is done. */
const deeper =
  /^(?:(?:npm|pnpm|yarn|bun) run|(?:uv|poetry|mix|deno|cargo|dotnet) run|(?:bundle|npm|pnpm|yarn) exec|docker compose|python3? -m|(?:pip|uv) -m|gh \w+|uv pip)$/;
/** What reaches so far that no rule of a few words is narrow enough. */
const neverOffered =
  /^(?:rm|rmdir|mv|cp|ln|chmod|chown|chgrp|install|tee|curl|wget|ssh|scp|sftp|rsync|nc|ncat|netcat|telnet|ftp|env|xargs|find|fd|eval|exec|aws|gcloud|az|awk|sed|osascript|open|xdg-open|bash|sh|dash|export|unset|\[|\[\[|test|cd|tar|unzip|busybox)$/;

function prefixOf({ words, runs }: Segment): readonly string[] | undefined {
  const values = words.map(({ value, isPlain }) => (isPlain ? value : undefined));
  const [name] = values;
  if (name === undefined || runs !== undefined || isDestructive(words.map(({ value }) => value)))
    return undefined;
  const isDeep = withSubcommand.has(name);
  const prefix = withDeeper(values, isDeep ? 2 : 1);
  const isFitting = prefix.every(isFittingWord) && !isLending(words, prefix.length);
  const isAlone = prefix.length === 1;
  const isBroad = isAlone && (isDeep || neverOffered.test(basename(name)));
  return isFitting && !isBroad ? (prefix as readonly string[]) : undefined; // each word fits
}

function withDeeper(
  values: readonly (string | undefined)[],
  length: number,
): readonly (string | undefined)[] {
  const prefix = values.slice(0, length);
  return deeper.test(prefix.join(' ')) ? values.slice(0, length + 1) : prefix;
}

function isFittingWord(word: string | undefined, at: number): boolean {
  return word !== undefined && (at === 0 || /^[\w@./:+-]+$/.test(word)) && isNamed(word, at);
}

/** An option says little; but `python -m pytest` is a command. */
function isNamed(word: string, at: number): boolean {
  return at === 0 || !word.startsWith('-') || word === '-m';
}

/** Files that hold keys, by a part of their path. */
const secret =
  /\/\.(?:ssh|aws|gnupg|kube|docker|netrc|npmrc|pypirc|env|git-credentials|config\/gh|config\/gcloud)(?:[/.]|$)|credential|secret|id_(?:rsa|ed25519)|\.pem$|\.key$/i;

function forFile(
  effect: Extract<Effect, { kind: 'read' | 'write' }>,
  settings: Settings,
): Rule | undefined {
  const { kind, path } = effect;
  if (secret.test(path) || /[*?]/.test(path)) return undefined;
  if (kind === 'write' && (effect.remove || isActing(effect, settings))) return undefined;
  const folder = dirname(path);
  // A rule for all of home, or for a folder of the system, would be too wide.
  const isWide = folder.split('/').length < 3 || folder === homedir() || isIn(folder, system);
  return { action: 'allow', kind, path: isWide ? path : folder };
}

const system = ['/etc', '/usr', '/var', '/boot', '/lib', '/opt'];

/** Whether a file may act later: what guards say, and hidden files elsewhere, such as those of shells. */
function isActing(
  { path, inside }: { readonly path: string; readonly inside: boolean },
  { roots }: Settings,
): boolean {
  if (!inside && /\/\.[^/]+(?:$|\/)/.test(path)) return true;
  return guardedName(path, isIn(path, roots) ? roots : ['/']) !== undefined;
}

function forHost(url: string): Rule | undefined {
  const domain = hostOf(url);
  return domain === undefined || domain.includes('*') ? undefined : { action: 'allow', domain };
}
