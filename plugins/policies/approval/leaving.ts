/** What leaves the sandbox, and what would allow it. */

import type { Effect, Settings } from '../../../core/index.ts';
import { hostOf } from '../rules/match.ts';
import { guardedName, isIn } from '../rules/places.ts';

/** Why an effect leaves the sandbox, and what would allow it. */
export interface Leaving {
  readonly why: string;
  readonly allowedBy: string;
}

/**
 * How an effect leaves the sandbox; `undefined` when it stays. `escaped` holds the commands of threads that were started
 * outside, whose input is judged like them; it grows here.
 */
export function leavingOf(
  effect: Effect,
  settings: Settings,
  escaped: Set<string>,
): Leaving | undefined {
  if (effect.kind === 'input' && escaped.has(keyOf(effect))) {
    return {
      why: 'the command that gets this input runs outside the sandbox',
      allowedBy: '--sandbox danger-full-access',
    };
  }
  // The table's entry for a kind takes the effect of that kind, which TypeScript cannot see.
  const judge = judges[effect.kind] as (effect: Effect, settings: Settings) => Leaving | undefined;
  const leaving = judge(effect, settings);
  if (effect.kind === 'spawn' && leaving !== undefined) remember(escaped, keyOf(effect));
  return leaving;
}

const judges: {
  readonly [K in Effect['kind']]: (
    effect: Extract<Effect, { kind: K }>,
    settings: Settings,
  ) => Leaving | undefined;
} = {
  spawn: ({ confined, network }, settings) => {
    if (confined === 'none')
      return {
        why: 'the command runs outside the sandbox',
        allowedBy: 'a rule for it with "confined": false, or --sandbox danger-full-access',
      };
    return network && !settings.network ? overNetwork('the command') : undefined;
  },
  // Judged by the command that gets it.
  input: () => undefined,
  read: (effect) =>
    isReadable(effect)
      ? undefined
      : {
          why: `it reads ${effect.path}, outside the workspace`,
          allowedBy: 'a root that holds it',
        },
  write: ({ path, inside }, { sandbox, roots }) => {
    if (!inside)
      return { why: `it writes ${path}, outside the workspace`, allowedBy: 'a root that holds it' };
    if (sandbox === 'read-only')
      return {
        why: `it writes ${path}, and the sandbox is read-only`,
        allowedBy: '--sandbox workspace-write',
      };
    const guarded = guardedName(path, roots);
    return guarded === undefined
      ? undefined
      : {
          why: `it writes ${path}, and what is in ${guarded} can act later`,
          allowedBy: '--sandbox danger-full-access',
        };
  },
  fetch: ({ url }, { network }) => {
    if (network) return undefined;
    const domain = hostOf(url);
    const rule = domain === undefined ? '' : `the rule {"action":"allow","domain":"${domain}"} or `;
    return overNetwork('it', rule);
  },
  call: ({ server, tool, confined }) =>
    confined
      ? undefined
      : {
          why: `${tool} of ${server} acts outside the sandbox`,
          allowedBy: '--sandbox danger-full-access',
        },
};

function overNetwork(who: string, rule = ''): Leaving {
  return { why: `${who} uses the network`, allowedBy: `${rule}the setting network: true` };
}

/** Programs and headers of the system can be read by every command, so by every tool as well. */
const systemFolders = [
  '/usr',
  '/lib',
  '/lib32',
  '/lib64',
  '/opt',
  '/nix/store',
  '/System',
  '/Library/Developer',
];

/** Whether a file lies in the roots or is the system's. */
export function isReadable({ inside, path }: Extract<Effect, { kind: 'read' }>): boolean {
  return inside || isIn(path, systemFolders);
}

const maxRemembered = 1000;

function remember(keys: Set<string>, key: string): void {
  keys.add(key);
  const [oldest] = keys;
  if (keys.size > maxRemembered && oldest !== undefined) keys.delete(oldest);
}

function keyOf({ thread, argv }: Extract<Effect, { kind: 'spawn' | 'input' }>): string {
  return JSON.stringify([thread, argv]);
}
