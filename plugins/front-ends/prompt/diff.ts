/** `spindle prompt diff`. */

import { resolve } from 'node:path';

import { KernelError } from '../../../core/index.ts';
import { parse } from '../command-line/parse.ts';
import type { Command, CommandContext } from '../command-line/run.ts';
import { shown, type Style } from '../terminal/style.ts';
import { findThread } from '../threads/find.ts';
import { type Asking, explained, type Explanation, nameOf } from './explanation.ts';
import type { OpenConfiguration } from './explanation.ts';

export interface DiffOptions extends Asking {
  readonly open?: OpenConfiguration | undefined;
}

/** One part that differs: the lines that do, or where alone it is. */
interface Difference {
  readonly part: string;
  readonly owner: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly patch: string;
}

/** Two threads, or two configurations (a folder or a configuration file each): the parts that differ, each as a diff. */
export function promptDiff(options: DiffOptions): Command {
  return (argv) => {
    const { flags, words, verbatim } = parse(argv, { json: {} });
    const [a, b, ...others] = [...words, ...verbatim];
    if (a === undefined || b === undefined || others.length > 0)
      throw new KernelError(
        'invalid',
        'expected two threads or two folders or configuration files: spindle prompt diff A B',
      );
    return async (context) => {
      const before = await subjectOf(a, options, context);
      const after = await subjectOf(b, options, context);
      const differences = await differencesOf(before, after);
      await context.stdout.write(
        flags.json === true
          ? `${JSON.stringify({ a, b, same: differences.length === 0, differences }, null, 2)}\n`
          : shownDifferences(differences, context.style),
      );
    };
  };
}

/** What stands for a thread: the start of its id, of eight hexadecimal digits or more. */
const threadId = /^[0-9a-f]{8}[0-9a-f-]*$/u;

async function subjectOf(
  name: string,
  { settings, open }: DiffOptions,
  { client, cwd, signal }: CommandContext,
): Promise<Explanation> {
  if (threadId.test(name))
    return explained(client, { thread: await findThread(client, { thread: name }) }, signal);
  await using opened = await open?.(resolve(cwd, name));
  if (opened !== undefined) return await explained(opened.client, { settings }, signal);
  throw new KernelError(
    'not_found',
    `expected a thread's id, a folder or a configuration file, but there is no "${name}"`,
  );
}

interface Entry {
  readonly owner: string;
  readonly text: string;
}

async function differencesOf(a: Explanation, b: Explanation): Promise<readonly Difference[]> {
  const [before, after] = [entriesOf(a), entriesOf(b)];
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const differing = names.filter((part) => before.get(part)?.text !== after.get(part)?.text);
  return Promise.all(
    differing.map((part) => differenceOf(part, before.get(part), after.get(part))),
  );
}

async function differenceOf(
  part: string,
  was: Entry | undefined,
  now: Entry | undefined,
): Promise<Difference> {
  const change = was === undefined ? 'added' : now === undefined ? 'removed' : 'changed';
  const patch = await patchOf(was?.text ?? '', now?.text ?? '');
  return { part, owner: (now ?? was)?.owner ?? '', change, patch };
}

/** Parts by name; of several with one name, a later one has its number. */
function entriesOf({ parts, segments, provider }: Explanation): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const one of parts) {
    const name = nameOf(one);
    let key = name;
    for (let number = 2; entries.has(key); number++) key = `${name} (${number})`;
    entries.set(key, { owner: one.owner, text: one.content });
  }
  const around = segments.filter(({ part }) => part === undefined).map(({ text }) => text);
  entries.set('envelope', { owner: provider, text: membersOf(around.join('')) });
  return entries;
}

/** The envelope with a member on each line. */
function membersOf(text: string): string {
  return text.replaceAll(',"', ',\n"');
}

/** Beyond so many edits a text counts as another one. */
const maxEditLength = 5000;

async function patchOf(before: string, after: string): Promise<string> {
  const { structuredPatch } = await import('diff');
  const patch = structuredPatch('', '', before, after, '', '', { context: 2, maxEditLength });
  if (patch === undefined) return `-${before}\n+${after}`;
  return patch.hunks
    .flatMap(({ oldStart, newStart, lines }) => [`@@ -${oldStart} +${newStart} @@`, ...lines])
    .filter((one) => !one.startsWith('\\'))
    .join('\n');
}

function shownDifferences(differences: readonly Difference[], style: Style): string {
  if (differences.length === 0) return 'No difference.\n';
  const marks = { added: '+', removed: '-', changed: '~' } as const;
  return differences
    .map(({ part, owner, change, patch }) => {
      const lines = patch.split('\n').map((one) => `  ${colour(shown(one), style)}\n`);
      return `${style.bold(`${marks[change]} ${shown(part)}`)} (${owner}) ${change}\n${lines.join('')}`;
    })
    .join('\n');
}

function colour(text: string, style: Style): string {
  if (text.startsWith('+')) return style.green(text);
  if (text.startsWith('-')) return style.red(text);
  return text.startsWith('@@') ? style.dim(text) : text;
}
