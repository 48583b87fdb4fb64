/** Which commands only read. Judged on their words alone, so whatever is not plain is not known. */

import { delimiter, isAbsolute, resolve, sep } from 'node:path';

/** The options that a command may have; all else it may get are names of files in the roots, and patterns. */
const known: Readonly<Record<string, RegExp>> = {
  basename: /^$/,
  cat: /^-[nbsETAv]+$/,
  cmp: /^-[bls]+$/,
  cut: /^-[dfcb][\w,:-]*$/,
  diff: /^-[ubwBqrN]+$/,
  dirname: /^$/,
  du: /^-[shack]+$/,
  echo: /^-[neE]+$/,
  false: /^$/,
  find: /^-(?:name|iname|path|type|maxdepth|mindepth|empty|print)$/,
  grep: /^-(?:[rniIlLcvwxEFHhoqs]+|[ABCme]\d*)$/,
  head: /^-(?:[nc]?\d*|q)$/,
  ls: /^-[alhtrSR1dFipC]+$/,
  pwd: /^-[LP]$/,
  realpath: /^-[esm]+$/,
  rg: /^-(?:[nilwFcvSLH]+|[ABCmeg]\d*|-files|-hidden|-line-number)$/,
  stat: /^-L$/,
  tail: /^-(?:[nc]?\d*|q)$/,
  true: /^$/,
  uname: /^-[asnrmo]+$/,
  wc: /^-[lwcmL]+$/,
  whoami: /^$/,
};

const shells = /^(?:\/(?:usr\/)?bin\/)?(?:bash|sh|dash|zsh)$/;

/** A longer command is not looked at. */
const maxLength = 4096;

/** Where a command runs, and the folders in which its program is looked for (`PATH`). */
export interface Place {
  readonly cwd: string;
  readonly roots: readonly string[];
  readonly searchPath: string;
}

/** Whether a command surely does nothing but read files in the roots. */
export function isKnownRead(argv: readonly string[], { cwd, roots, searchPath }: Place): boolean {
  const isOwn = searchPath
    .split(delimiter)
    .some((folder) => !isAbsolute(folder) || isIn(folder, roots));
  const [name = '', ...words] = wordsOf(argv) ?? [];
  const options = Object.hasOwn(known, name) ? known[name] : undefined;
  // The workspace could bring a `cat` of its own.
  if (options === undefined || isOwn || !isIn(cwd, roots)) return false;
  return words.every((word) =>
    word.startsWith('-') ? options.test(word) : isIn(resolve(cwd, word), roots),
  );
}

function wordsOf(argv: readonly string[]): readonly string[] | undefined {
  const [file = '', flag, script, ...rest] = argv;
  const isScript = shells.test(file) && flag === '-c' && script !== undefined && rest.length === 0;
  return isScript ? plainWords(script) : argv;
}

/** The words of a command of one program without anything that a shell would act on; `undefined` on any doubt. */
function plainWords(script: string): readonly string[] | undefined {
  const word = /[\w./:=@%+,-]+|'[^'\p{C}]*'|"[^"$`\\!\p{C}]*"/u;
  const plain = new RegExp(`^ *(?:${word.source})(?: +(?:${word.source}))* *$`, 'u');
  if (script.length > maxLength || !plain.test(script)) return undefined;
  const words = script.match(new RegExp(word.source, 'gu')) ?? [];
  return words.map((one) => (/^['"]/.test(one) ? one.slice(1, -1) : one));
}

/** Whether a path is one of the folders or below one, by its letters alone. */
export function isIn(path: string, folders: readonly string[]): boolean {
  return folders.some(
    (folder) => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep),
  );
}
