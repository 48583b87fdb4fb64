/** Commands that are Markdown files: their text is what the user says, with the argument put in. */

import { basename } from 'node:path';

import type { Effects } from '../../core/index.ts';
import { folderReader, isMarkdown } from '../markdown/folders.ts';
import { type Fault, isFault, readFrontMatter } from '../markdown/front-matter.ts';
import type { FolderOptions, Source } from '../markdown/sources.ts';
import type { CommandSource, SourcedCommand } from './slot.ts';

const nameForm = /^[A-Za-z0-9][\w.-]{0,63}$/;
const maxDescription = 120;

/** Looks at the folders anew each time; files that stayed as they are, are not read again. */
export function commandFiles(effects: Effects, options: FolderOptions): CommandSource {
  const read = folderReader(effects, options, { isWanted: isMarkdown, read: readCommand });
  return {
    list: async () => {
      const { things, faults } = await read();
      return { commands: things, faults };
    },
  };
}

/** The command that a file is, called as the file is. What is not trusted is a fault. */
async function readCommand({ path, standing, text }: Source): Promise<SourcedCommand | Fault> {
  const name = basename(path, '.md');
  if (standing === 'untrusted') return { line: 1, reason: 'it is not trusted: spindle trust' };
  if (standing === 'changed') return { line: 1, reason: 'it has changed since it was trusted' };
  if (!nameForm.test(name))
    return { line: 1, reason: 'expected a file name of letters, digits, "-", "_" and "."' };
  const read = await readFrontMatter(text, { optional: true });
  if (isFault(read)) return read;
  const { values, body, lineOf } = read;
  if (body === '') return { line: 1, reason: 'expected a text, but there is none' };
  const { description = body, 'argument-hint': hint } = values;
  if (typeof description !== 'string')
    return { line: lineOf('description'), reason: 'description: expected a text' };
  const about = [firstLine(description), typeof hint === 'string' ? hint : ''].join(' ').trim();
  return {
    name,
    description: about,
    from: path,
    run: async (argument, client, thread) => {
      const input = [{ type: 'text', text: filledIn(body, argument) }] as const;
      await client.request('turn/start', { thread, input });
    },
  };
}

function firstLine(text: string): string {
  const [line = ''] = text.trim().split('\n');
  return line.length <= maxDescription
    ? line
    : `${line.slice(0, maxDescription - 1).toWellFormed()}…`;
}

const places = /\$(?:ARGUMENTS\b|([1-9])(?!\d))/g;

/** `$ARGUMENTS` is the whole argument, `$1` to `$9` its words; without either, the argument comes at the end. */
export function filledIn(text: string, argument: string): string {
  const whole = argument.trim();
  const words = [...whole.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
  if (text.search(places) < 0) return whole === '' ? text : `${text}\n\n${whole}`;
  return text.replaceAll(places, (_place, index?: string) =>
    index === undefined ? whole : (words[Number(index) - 1] ?? ''),
  );
}
