/** Where the agent is and what it may do, told once; then only what has changed. */

import {
  prompts,
  type Appended,
  type FragmentItem,
  type Plugin,
  type PromptSource,
  type Settings,
} from '../../core/index.ts';

export interface EnvironmentOptions {
  /** What commands are run by. Default: bash. */
  readonly shell?: string;
  /** Whether the date is told, again when the day has changed between turns. Default: yes. */
  readonly date?: boolean;
}

/** The schema of EnvironmentOptions. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({
    shell: z.string().min(1).optional().describe('the shell that is named to the model'),
    date: z.boolean().optional().describe('whether the date is told'),
  });
};

export default function environment(config: EnvironmentOptions = {}): Plugin {
  return {
    name: 'environment',
    api: 1,
    setup: (host) => {
      host.add(prompts, environmentSource(config));
    },
  };
}

/** Asked each turn; tells the lines that differ from what its fragments in the window say. */
function environmentSource({ shell = 'bash', date = true }: EnvironmentOptions): PromptSource {
  return {
    name: 'environment',
    stability: 'thread',
    read: ({ settings, own }) => {
      const told = linesOf(own);
      const due = [...linesNow(settings, shell)].filter(
        ([name, value]) => told.get(name) !== value,
      );
      const isFirst = own.every((fragment) => fragment.source === clock);
      const today = `date: ${dayOf(new Date())}`;
      const lastDay = own.findLast((fragment) => fragment.source === clock)?.text;
      return [
        ...(due.length === 0
          ? []
          : [placeOf(due, isFirst ? 'Environment' : 'The environment has changed')]),
        ...(date && lastDay !== today
          ? [{ text: today, role: 'developer', source: clock } as const]
          : []),
      ];
    },
  };
}

const clock = 'clock';

function placeOf(lines: readonly (readonly [string, string])[], title: string): Appended {
  const text = [`${title}:`, ...lines.map(([name, value]) => `${name}: ${value}`)].join('\n');
  return { text, role: 'developer', source: 'environment', pinned: true };
}

function linesNow(settings: Settings, shell: string): ReadonlyMap<string, string> {
  const { cwd, roots, sandbox, approval, network } = settings;
  return new Map([
    ['cwd', onOneLine(cwd)],
    ['roots', roots.map(onOneLine).join(', ')],
    ['sandbox', `${sandbox} (${sandboxWords[sandbox]})`],
    [
      'network',
      sandbox === 'danger-full-access' || network ? 'on' : 'off, commands cannot reach it',
    ],
    ['approval', `${approval} (${approvalWords[approval]})`],
    ['os', `${osNames[process.platform] ?? process.platform} ${process.arch}`],
    ['shell', shell],
  ]);
}

const sandboxWords = {
  'read-only': 'commands can write nowhere but in a private tmp',
  'workspace-write': 'commands can write in the roots and a private tmp only',
  'danger-full-access': 'commands run unconfined',
} as const;

const approvalWords = {
  untrusted: 'the user is asked for all but known reads',
  'on-request': 'the user is asked for what leaves the sandbox, the rest runs at once',
  never: 'nobody is asked, what leaves the sandbox is refused',
} as const;

const osNames: Readonly<Record<string, string>> = {
  linux: 'Linux',
  darwin: 'macOS',
  win32: 'Windows',
};

/** The last that was said of each line. */
function linesOf(own: readonly FragmentItem[]): ReadonlyMap<string, string> {
  const told = new Map<string, string>();
  for (const { text, source } of own) {
    if (source === clock) continue;
    for (const line of text.split('\n').slice(1)) {
      const at = line.indexOf(': ');
      told.set(line.slice(0, at), line.slice(at + 2));
    }
  }
  return told;
}

/** A path that holds a line end or another control character is shown as a JSON string. */
function onOneLine(path: string): string {
  return /\p{Cc}|\u2028|\u2029/u.test(path) ? JSON.stringify(path) : path;
}

function dayOf(date: Date): string {
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join('-');
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
