/** Which commands only read. Of each command only some options are known, and what is not plain is not known. */

import { delimiter, isAbsolute } from 'node:path';

import { filesOf, isIn, type Place } from '../rules/places.ts';
import { programName } from '../shell/runs.ts';
import type { Segment, Word } from '../shell/script.ts';

/** A command that only reads. */
interface KnownRead {
  /** The options it may have. */
  readonly options: RegExp;
  /** What its other words are: files in the roots (the default), a pattern and then files, or any text at all. */
  readonly words?: 'files' | 'pattern' | 'text';
  /** How many other words it may have; default: any number. */
  readonly most?: number;
  /** What the first word must be. */
  readonly first?: RegExp;
}

const none = /^$/;
const text = 'text';
const pattern = 'pattern';

const known: Readonly<Record<string, KnownRead>> = {
  ':': { options: none, words: text },
  '[': { options: /^-(?:[defhrswxLnz]|eq|ne|lt|le|gt|ge|nt|ot)$/ },
  basename: { options: none, words: text },
  break: { options: none, most: 0 },
  cat: { options: /^-[nbsETAv]+$/ },
  cd: { options: none, most: 1 },
  cmp: { options: /^-[bls]+$/ },
  column: { options: /^-t$/ },
  comm: { options: /^-[123]+$/ },
  continue: { options: none, most: 0 },
  cut: { options: /^-[dfcb][\w,:-]*$/ },
  date: { options: /^-(?:u|I)$/, words: text, first: /^\+/, most: 1 },
  diff: { options: /^-[ubwBqN]+$/ },
  dirname: { options: none, words: text },
  du: { options: /^-[shack]+$/ },
  echo: { options: /^-[neE]+$/, words: text },
  exit: { options: none, words: text, first: /^\d+$/, most: 1 },
  expr: { options: none, words: text },
  false: { options: none },
  file: { options: /^-[bi]+$/ },
  find: { options: /^-(?:name|iname|path|type|maxdepth|mindepth|empty|print)$/ },
  fold: { options: /^-(?:s|w\d+)$/ },
  grep: { options: /^-(?:[rniIlLcvwxEFHhoqs]+|[ABCme]\d*)$/, words: pattern },
  head: { options: /^-(?:[nc]?\d*|q)$/ },
  id: { options: /^-[ugGn]+$/, most: 0 },
  jq: { options: /^-[rcSenM]+$/, words: pattern },
  ls: { options: /^-[alhtrSR1dFipC]+$/ },
  nl: { options: /^-ba$/ },
  nproc: { options: none, most: 0 },
  paste: { options: /^-(?:s|d[,:]?)$/ },
  printf: { options: none, words: text, first: /^[^-]/ },
  pwd: { options: /^-[LP]$/, most: 0 },
  readlink: { options: /^-[fem]$/ },
  realpath: { options: /^-[esm]+$/ },
  rev: { options: none },
  rg: {
    options:
      /^-(?:[nilwFcvSH]+|[ABCmeg]\d*|-|-(?:(?:glob|regexp|color|sort|engine|context|max-columns)=.*|files|files-with-matches|fixed-strings|heading|hidden|line-number|max-columns-preview|multiline|no-config|no-require-git|with-filename))$/s,
    words: pattern,
  },
  sed: { options: /^-n$/, words: pattern, first: /^\d+(?:,(?:\d+|\$))?p$/ },
  seq: { options: none, words: text },
  set: { options: /^-[eux]+o?$/, words: text, first: /^(?:pipefail|errexit|nounset)$/, most: 1 },
  sleep: { options: none, words: text, first: /^\d+(?:\.\d+)?$/, most: 1 },
  sort: { options: /^-(?:[nrufbhV]+|k\d[\d,.nr]*|t[,:;|]?)$/ },
  stat: { options: /^-L$/ },
  strings: { options: /^-n?\d*$/ },
  tac: { options: none },
  tail: { options: /^-(?:[nc]?\d*|q)$/ },
  test: { options: /^-(?:[defhrswxLnz]|eq|ne|lt|le|gt|ge|nt|ot)$/ },
  tr: { options: /^-[cds]+$/, words: text },
  true: { options: none },
  uname: { options: /^-[asnrmo]+$/, most: 0 },
  // A second word would be a file to write.
  uniq: { options: /^-[cdui]+$/, most: 1 },
  wc: { options: /^-[lwcmL]+$/ },
  which: { options: none, words: text },
  whoami: { options: none, most: 0 },
};

/** What a repository may choose (hooks, monitors, filters, pagers) runs in all of git but these. */
const gitReads: readonly RegExp[] = [
  /^rev-parse(?: (?:--(?:show-toplevel|show-prefix|abbrev-ref|short|verify|is-inside-work-tree|git-dir)|HEAD))*$/,
  /^branch --show-current$/,
  /^--version$/,
];

/** Where commands work, in which folders their programs are looked for (`PATH`), and which files they may read. */
export interface ReadPlace extends Place {
  readonly folders: readonly string[] | undefined;
  readonly searchPath: string;
}

/** Whether a command surely does nothing but read files in the roots. Redirections are not looked at. */
export function isKnownRead({ words, runs }: Segment, place: ReadPlace): boolean {
  const [first, ...args] = words;
  const name = readerName(first?.value ?? '', place.roots) ?? '';
  if (runs !== undefined || isOwnPath(place)) return false;
  if (name === 'git') return isGitRead(args);
  const read = Object.hasOwn(known, name) ? known[name] : undefined;
  return read !== undefined && isRead(name === '[' ? args.slice(0, -1) : args, read, place);
}

/** The workspace could bring a `cat` of its own. */
function isOwnPath({ searchPath, roots, folders }: ReadPlace): boolean {
  const isOwn = searchPath
    .split(delimiter)
    .some((folder) => !isAbsolute(folder) || isIn(folder, roots));
  return isOwn || folders === undefined || !folders.every((folder) => isIn(folder, roots));
}

/** Our own ripgrep is one that is not the system's. */
function readerName(word: string, roots: readonly string[]): string | undefined {
  const isOurs = /^\/.*\/node_modules\/@vscode\/ripgrep[^/]*\/bin\/rg$/.test(word);
  return isOurs && !isIn(word, roots) ? 'rg' : programName(word);
}

function isGitRead(args: readonly Word[]): boolean {
  const values = args.map(({ value }) => value);
  return (
    values.every((value) => value !== undefined) &&
    gitReads.some((one) => one.test(values.join(' ')))
  );
}

function isRead(args: readonly Word[], read: KnownRead, place: ReadPlace): boolean {
  const options = args.filter(isOption);
  const others = args.filter((word) => !isOption(word));
  const isKnown = options.every(({ value }) => value !== undefined && read.options.test(value));
  const isFew = others.length <= (read.most ?? others.length);
  if (!isKnown || !isFew || !isFirst(others[0], read)) return false;
  if (read.words === text) return others.every(isText);
  return filesIn(others, options, read)?.every((word) => isReadable(word, place)) === true;
}

function isFirst(word: Word | undefined, { first }: KnownRead): boolean {
  return word === undefined || first === undefined || first.test(word.value ?? '');
}

/** The words that are files; `undefined` when a pattern among them is not certain. */
function filesIn(
  others: readonly Word[],
  options: readonly Word[],
  { words }: KnownRead,
): readonly Word[] | undefined {
  // A pattern that is given as an option leaves only files.
  if (words !== pattern || options.some(isPatternOption)) return others;
  const [first, ...files] = others;
  return first?.value === undefined ? undefined : files;
}

function isOption({ start }: Word): boolean {
  return start.startsWith('-') && start !== '-';
}

function isPatternOption({ text: written }: Word): boolean {
  return /^-(?:e|-regexp|-files$)/.test(written);
}

/** A pattern would list files that may lie elsewhere. */
function isText({ isMany }: Word): boolean {
  return !isMany;
}

function isReadable({ value }: Word, { folders, roots, resolve }: ReadPlace): boolean {
  if (value === '-' || value === '/dev/null') return true;
  const files = value === undefined ? undefined : filesOf(value, folders, resolve);
  return files?.every((file) => isIn(file, roots)) === true;
}

/** Whether a program is one that only reads, with the right options. */
export function isKnownProgram(name: string): boolean {
  return Object.hasOwn(known, programName(name) ?? '');
}
