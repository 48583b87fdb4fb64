/**
 * The three approval modes. `untrusted` asks for all but known reads; `on-request` lets run what stays in the sandbox and
 * asks for what leaves it; `never` refuses what leaves it. With danger-full-access there is nothing to leave.
 */

import {
  policies,
  type Effect,
  type Plugin,
  type Policy,
  type Settings,
  type Verdict,
} from '../../core/index.ts';
import { isIn, isKnownRead } from './approval/known-reads.ts';

export default function approval(): Plugin {
  return {
    name: 'approval',
    api: 1,
    setup: (host) => {
      const escaped = new Set<string>();
      host.add(policies, approvalPolicy(escaped));
    },
  };
}

/** Why an effect leaves the sandbox, and what would allow it. */
interface Leaving {
  readonly why: string;
  readonly allowedBy: string;
}

/** `escaped` holds the commands that were started outside the sandbox, whose input is judged like them. */
function approvalPolicy(escaped: Set<string>): Policy {
  return {
    name: 'approval',
    judge: (effect, settings) => {
      if (isTrustedCode(effect))
        return allow(
          'it is done by trusted code, not by the model',
          'reads and requests of plugins',
        );
      const leaving =
        settings.sandbox === 'danger-full-access'
          ? undefined
          : leavingOf(effect, settings, escaped);
      if (effect.kind === 'spawn' && leaving !== undefined) remember(escaped, keyOf(effect));
      if (settings.approval === 'untrusted') return judgeUntrusted(effect, settings, leaving);
      const rule = `approval ${settings.approval}`;
      if (leaving === undefined) return allow(insideReason(settings), rule);
      const { why, allowedBy } = leaving;
      if (settings.approval === 'on-request')
        return { verdict: 'ask', reason: `${why} (allowed by ${allowedBy})`, rule };
      return {
        verdict: 'deny',
        reason: `${why}; it would be allowed by ${allowedBy}, or asked for with --approval on-request`,
        rule,
      };
    },
  };
}

function allow(reason: string, rule: string): Verdict {
  return { verdict: 'allow', reason, rule };
}

function insideReason({ sandbox }: Settings): string {
  return sandbox === 'danger-full-access'
    ? 'there is no sandbox to leave'
    : 'it stays in the sandbox';
}

/** What plugins read for the prompt, and their requests to a model. */
function isTrustedCode({ origin, kind }: Effect): boolean {
  return origin.kind === 'plugin' && (kind === 'read' || kind === 'fetch');
}

function judgeUntrusted(effect: Effect, settings: Settings, leaving: Leaving | undefined): Verdict {
  const rule = 'approval untrusted';
  const { roots } = settings;
  const searchPath = process.env['PATH'] ?? '';
  const isRead =
    (effect.kind === 'read' && isReadable(effect)) ||
    (effect.kind === 'spawn' &&
      leaving === undefined &&
      isKnownRead(effect.argv, { cwd: effect.cwd, roots, searchPath }));
  if (isRead) return allow('it only reads', rule);
  const reason = leaving === undefined ? 'only known reads are done without asking' : leaving.why;
  return {
    verdict: 'ask',
    reason: `${reason} (allowed by --approval on-request where it stays in the sandbox)`,
    rule,
  };
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
        allowedBy: '--sandbox danger-full-access',
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
  fetch: (_effect, { network }) => (network ? undefined : overNetwork('it')),
  call: ({ server, tool, confined }) =>
    confined
      ? undefined
      : {
          why: `${tool} of ${server} acts outside the sandbox`,
          allowedBy: '--sandbox danger-full-access',
        },
};

function overNetwork(who: string): Leaving {
  return { why: `${who} uses the network`, allowedBy: 'the setting network: true' };
}

function leavingOf(
  effect: Effect,
  settings: Settings,
  escaped: ReadonlySet<string>,
): Leaving | undefined {
  if (effect.kind === 'input' && escaped.has(keyOf(effect))) {
    return {
      why: 'the command that gets this input runs outside the sandbox',
      allowedBy: '--sandbox danger-full-access',
    };
  }
  // The table's entry for a kind takes the effect of that kind, which TypeScript cannot see.
  const judge = judges[effect.kind] as (effect: Effect, settings: Settings) => Leaving | undefined;
  return judge(effect, settings);
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

function isReadable({ inside, path }: Extract<Effect, { kind: 'read' }>): boolean {
  return inside || isIn(path, systemFolders);
}

/** Names through which a file acts when git, an editor or this program is used next. */
const guardedNames = new Set(['.git', '.vscode', '.mcp.json', '.spindle']);

function guardedName(path: string, roots: readonly string[]): string | undefined {
  const root = roots.find((one) => isIn(path, [one])) ?? '';
  const names = path.slice(root.length).toLowerCase().split(/[\\/]/);
  return names.find((name) => guardedNames.has(name) || name.startsWith('.spindlerc'));
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
