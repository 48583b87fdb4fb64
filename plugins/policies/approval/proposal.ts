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

/** How many words say what a command does, beside the first; of those that are not here, none. */
const subcommands: Readonly<Record<string, number>> = {
  ...{ git: 1, npm: 1, pnpm: 1, yarn: 1, bun: 1, npx: 1, cargo: 1, go: 1, make: 1, just: 1 },
  ...{ pip: 1, poetry: 1, uv: 1, bundle: 1, gem: 1, rake: 1, mvn: 1, gradle: 1, dotnet: 1 },
  ...{ docker: 1, podman: 1, kubectl: 1, helm: 1, terraform: 1, gh: 1, deno: 1, mix: 1, swift: 1 },
  ...{ './gradlew': 1, './mvnw': 1, composer: 1, task: 1, nx: 1, turbo: 1, brew: 1, apt: 1 },
  ...{ node: 1, python: 1, python3: 1, ruby: 1, perl: 1, php: 1, bash: 1, sh: 1, dash: 1, tsx: 1 },
};
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
  const more = Object.hasOwn(subcommands, name) ? subcommands[name] : 0;
  const prefix = withDeeper(values, 1 + (more ?? 0));
  const isFitting = prefix.every(isFittingWord) && !isLending(words, prefix.length);
  const isAlone = prefix.length === 1;
  if (!isFitting || (isAlone && (more !== 0 || neverOffered.test(basename(name))))) return undefined;
  return prefix as readonly string[]; // every word is a fitting one
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
  { roots }: Settings,
): Rule | undefined {
  const { kind, path } = effect;
  const isActing = kind === 'write' && guardedName(path, isIn(path, roots) ? roots : ['/']) !== undefined;
  const isHidden = kind === 'write' && /\/\.[^/]+(?:$|\/)/.test(path) && !effect.inside;
  const isRemoval = kind === 'write' && effect.remove;
  if (secret.test(path) || isActing || isHidden || isRemoval || /[*?]/.test(path)) return undefined;
  const folder = dirname(path);
  // A rule for all of home, or of a folder of the system, would be too wide.
  const isWide = folder === homedir() || folder.split('/').length < 3 || isIn(folder, ['/etc', '/usr']);
  return { action: 'allow', kind, path: isWide ? path : folder };
}

function forHost(url: string): Rule | undefined {
  const domain = hostOf(url);
  return domain === undefined || domain.includes('*') ? undefined : { action: 'allow', domain };
}
