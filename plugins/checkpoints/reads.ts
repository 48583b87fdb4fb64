/**
 * Commands that surely change no file of the workspace: nothing need be known of it before they run. The text is split by
 * the few rules that are certain; whatever else it holds makes it a command that may write.
 */

import { basename, isAbsolute } from 'node:path';

/** Programs that only read, and which of their words make them write or run something. */
const readers = new Map<string, RegExp | undefined>([
  ...'[ basename cat cd cmp column comm cut date df diff dirname du echo false file fold'
    .split(' ')
    .map(plain),
  ...'grep egrep fgrep head id jq ls nl nproc paste printf pwd readlink realpath rev'
    .split(' ')
    .map(plain),
  ...'seq sleep stat strings tac tail test tr true type uname wc which whoami'
    .split(' ')
    .map(plain),
  ['rg', /^--pre/],
  ['find', /^-(?:exec|ok|delete|fprint|fls)/],
  ['fd', /^(?:-\w*[xX]|--exec)/],
  ['sort', /^(?:-\w*o|--o|--compress)/],
  ['tree', /^-\w*[oR]/],
  ['sed', undefined],
  // Its second file is written.
  ['uniq', /^[^-]/],
  ['git', /^(?:--output|-o$|-O|--open-files|--ext-diff|--textconv)/],
]);
const gitReads =
  /^(?:status|diff|log|show|rev-parse|ls-files|ls-tree|blame|grep|cat-file|describe)$/;

function plain(name: string): readonly [string, undefined] {
  return [name, undefined];
}

/** Whether starting these arguments surely only reads. */
export function onlyReads(argv: readonly string[]): boolean {
  const [program = '', flag, text, ...more] = argv;
  const isShell = /^(?:ba|da)?sh$/.test(basename(program));
  if (!isShell) return isReader(argv);
  if (flag !== '-c' || text === undefined || more.length > 0) return false;
  const commands = split(text);
  return commands !== undefined && commands.every((words) => isNamed(words) && isReader(words));
}

/** By a plain name, or where the system has its programs: `bin/test` is anybody's. */
function isNamed([program = '']: readonly string[]): boolean {
  return /^(?:(?:\/usr)?\/bin\/)?[^/]+$/.test(program);
}

function isReader([program = '', ...words]: readonly string[]): boolean {
  const name = basename(program);
  if (!readers.has(name) || (name !== program && !isAbsolute(program))) return false;
  if (name === 'sed' && !isSedRead(words)) return false;
  if (name === 'git' && !gitReads.test(words[0] ?? '')) return false;
  const writes = readers.get(name);
  return writes === undefined || !words.some((word) => writes.test(word));
}

/** `sed -n 1,20p FILE…` */
function isSedRead([flag, script = '', ...files]: readonly string[]): boolean {
  const isPrint = /^(?:\d+|\$)(?:,(?:\d+|\$))?p$/.test(script);
  return flag === '-n' && isPrint && files.every((file) => !file.startsWith('-'));
}

/** Words in single quotes, in double quotes without expansions, or bare; what ends a command; harmless redirections. */
const token =
  /[ \t]*(?:(?<end>&&|\|\||\||;|\n)|(?<none>(?:[12&]?>\s?\/dev\/null|2>&1)(?=[\s;|&]|$))|(?<word>(?:'[^']*'|"(?:[^"$`\\]|\\[^"$`\n])*"|[\w./:,=@%+*?^\-[\]]+|\{\d+\.\.\d+\})+))[ \t]*/y;

/** The commands of a text; nothing when it holds more than words, pipes and lists. */
function split(text: string): readonly (readonly string[])[] | undefined {
  const commands: string[][] = [[]];
  const rest = text.trim();
  token.lastIndex = 0;
  while (token.lastIndex < rest.length) {
    const { end, none, word } = token.exec(rest)?.groups ?? {};
    if (end !== undefined) commands.push([]);
    else if (word !== undefined)
      commands.at(-1)?.push(word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'));
    else if (none === undefined) return undefined;
  }
  return commands.filter((words) => words.length > 0);
}
