/** What a command does, told from its words: for people, never for judging it. */

import { basename } from 'node:path';

import type { WireItemOf } from '../schemas/item.ts';
import { isWords } from './command-line.ts';

type Action = WireItemOf<'commandExecution'>['commandActions'][number];

type Read = (command: string, words: readonly string[]) => Action;

const reading: Read = (command, words) => {
  const path = words.at(-1);
  return path === undefined
    ? { type: 'unknown', command }
    : { type: 'read', command, name: basename(path), path };
};
const listing: Read = (command, words) => ({ type: 'listFiles', command, path: words[0] ?? null });
const searching: Read = (command, [query, path]) => {
  return { type: 'search', command, query: query ?? null, path: path ?? null };
};

const readers: Readonly<Record<string, Read>> = {
  cat: reading,
  head: reading,
  tail: reading,
  nl: reading,
  ls: listing,
  tree: listing,
  rg: searching,
  grep: searching,
};

/** One action for a plain command, `unknown` for all that is more than words. */
export function commandActions(command: string): Action[] {
  const [program = '', ...words] = command.trim().split(/\s+/u);
  const read = Object.hasOwn(readers, program) ? readers[program] : undefined;
  if (read === undefined || !isWords(command)) return [{ type: 'unknown', command }];
  const plain = words.filter((word) => !word.startsWith('-'));
  return [read(command, plain)];
}
