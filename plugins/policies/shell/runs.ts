/** Commands that run another one: what they run is found where that is certain. */

import { posix } from 'node:path';

import { builtinDoubt } from './builtins.ts';
import type { Assignment, Runs, Script, Segment, Word } from './script.ts';

/** Reads the text of a nested shell. */
export type ReadText = (text: string, shell: string) => Script;

/** Segments with what they run; a doubt on any makes the whole unknown. */
export function withAllRuns({ segments, unknown }: Script, readText: ReadText): Script {
  const seen = segments.map((segment) => seeThrough(segment, readText));
  const doubt = unknown ?? seen.find((one) => one.doubt !== undefined)?.doubt;
  const all = { segments: seen.map(({ segment }) => segment) };
  return doubt === undefined ? all : { ...all, unknown: doubt };
}

interface Seen {
  readonly segment: Segment;
  readonly doubt?: string | undefined;
}

/** A wrapper of one command: its options, its own words before the command, whether variables may be set there. */
interface Wrapper {
  readonly flags?: RegExp;
  /** Options whose value is the next word. */
  readonly values?: RegExp;
  readonly operands?: number;
  readonly isSetting?: true;
  readonly how?: Runs['how'];
  /** What it runs gets further words. */
  readonly isOpen?: true;
}

const wrappers: Readonly<Record<string, Wrapper>> = {
  time: { flags: /^-p$/ },
  nohup: {},
  builtin: {},
  busybox: {},
  command: { flags: /^-p$/ },
  setsid: { flags: /^-[cfw]$/ },
  nice: { flags: /^(?:-n?-?\d+|--adjustment=-?\d+)$/, values: /^-n$/ },
  ionice: { flags: /^-(?:[cn]\d|t)$/, values: /^-[cn]$/ },
  stdbuf: { flags: /^-[ioe](?:L|\d+)$/, values: /^-[ioe]$/ },
  timeout: {
    flags: /^(?:-v|-[ks]\w+|--(?:foreground|preserve-status|verbose|(?:kill-after|signal)=\w+))$/,
    values: /^-[ks]$/,
    operands: 1,
  },
  env: { flags: /^(?:-i?|-u\w+|--unset=\w+)$/, values: /^-u$/, isSetting: true },
  xargs: {
    flags: /^(?:-(?:0|r|t|[nPL]\d+)|--(?:null|no-run-if-empty))$/,
    values: /^-[nPLd]$/,
    isOpen: true,
  },
  sudo: { flags: /^-[nEHSk]+$/, values: /^-[ug]$/, isSetting: true, how: 'as another' },
  doas: { flags: /^-n$/, values: /^-u$/, how: 'as another' },
};

/** Shells that are read as Bash and as POSIX have it, and others. */
const shells = new Set(['bash', 'sh', 'dash']);
const otherShells = new Set([
  'zsh',
  'ksh',
  'mksh',
  'fish',
  'csh',
  'tcsh',
  'pwsh',
  'powershell',
  'cmd',
]);

/** The name of a program without the system's folders, or `undefined` for one that lies elsewhere. */
export function programName(word: string): string | undefined {
  if (!word.includes('/')) return word;
  const isSystem = /^\/(?:usr\/(?:local\/)?)?s?bin\/[^/]+$/.test(word);
  return isSystem ? posix.basename(word) : undefined;
}

function seeThrough(segment: Segment, readText: ReadText): Seen {
  const doubt = builtinDoubt(segment);
  const [first] = segment.words;
  if (doubt !== undefined || first?.value === undefined) return { segment, doubt };
  const name = posix.basename(first.value);
  if (shells.has(name)) return ofShell(segment, name, readText);
  if (otherShells.has(name) && segment.words.length > 0)
    return { segment, doubt: `${name} is a shell that is not understood` };
  if (name === 'find' || name === 'fd') return ofFind(segment, name, readText);
  const wrapper = Object.hasOwn(wrappers, name) ? wrappers[name] : undefined;
  return wrapper === undefined ? { segment } : ofWrapper(segment, { name, wrapper }, readText);
}

const unknownWord: Word = { text: '…', start: '', isMany: true, isPlain: false };

function ofWrapper(
  segment: Segment,
  { name, wrapper }: { readonly name: string; readonly wrapper: Wrapper },
  readText: ReadText,
): Seen {
  // It only looks one up.
  if (name === 'command' && /^-[vV]$/.test(segment.words[1]?.value ?? '')) return { segment };
  const own = ownWords(segment.words, wrapper);
  const set = wrapper.isSetting && own !== undefined ? settingsAt(segment.words, own) : [];
  if (own === undefined || set.some(({ value }) => value.isMany))
    return { segment, doubt: `what ${name} runs is not certain` };
  const from = own + set.length;
  const words = segment.words.slice(from);
  if (words.length === 0) return { segment };
  const inner = {
    ...segment,
    text: words.map(({ text }) => text).join(' '),
    words: wrapper.isOpen ? [...words, unknownWord] : words,
    assignments: set,
    redirects: [],
  };
  const seen = seeThrough(inner, readText);
  const how = howOf(segment, wrapper.how ?? 'only');
  const runs: Runs = { own: from, how, segments: [seen.segment] };
  return { segment: { ...segment, runs }, doubt: seen.doubt };
}

/** A program of this name that lies elsewhere may do anything. */
function howOf({ words }: Segment, how: Runs['how']): Runs['how'] {
  return programName(words[0]?.value ?? '') === undefined ? 'as another' : how;
}

/** How many words are the wrapper's; `undefined` when an option is not known. */
function ownWords(words: readonly Word[], wrapper: Wrapper): number | undefined {
  let at = 1;
  for (; at < words.length; at++) {
    const { value } = words[at] ?? unknownWord;
    if (value === undefined) return undefined;
    if (value === '--') {
      at += 1;
      break;
    }
    if (!value.startsWith('-')) break;
    if (wrapper.values?.test(value)) at += 1;
    else if (wrapper.flags?.test(value) !== true) return undefined;
  }
  const own = words.slice(at, at + (wrapper.operands ?? 0));
  return own.every(({ value }) => value !== undefined) ? at + own.length : undefined;
}

function settingsAt(words: readonly Word[], from: number): readonly Assignment[] {
  const set: Assignment[] = [];
  for (const word of words.slice(from)) {
    const [, name] = /^([A-Za-z_]\w*)=/.exec(word.start) ?? [];
    if (name === undefined) break;
    const { value, start, ...rest } = word;
    const skip = name.length + 1;
    const known = value === undefined ? {} : { value: value.slice(skip) };
    set.push({ name, value: { ...rest, ...known, start: start.slice(skip) } });
  }
  return set;
}

/** `bash -c TEXT` is its text; `bash FILE` is a program like others; `bash` alone runs what it reads. */
function ofShell(segment: Segment, name: string, readText: ReadText): Seen {
  const [, first, second, ...more] = segment.words;
  const flag = first?.value ?? '-';
  if (/^[^-+]/.test(flag)) return { segment };
  const isText = /^-[elux]*c$/.test(flag) && more.length === 0;
  if (!isText || second?.value === undefined)
    return { segment, doubt: `what ${name} runs is not certain` };
  const { segments, unknown: doubt } = readText(second.value, name);
  // A login shell runs the profile as well.
  const how = howOf(segment, flag.includes('l') ? 'as another' : 'only');
  return { segment: { ...segment, runs: { own: 2, how, segments } }, doubt };
}

const findRuns = /^-(?:exec|execdir|ok|okdir)$/;

function ofFind(segment: Segment, name: string, readText: ReadText): Seen {
  const { words } = segment;
  if (name === 'fd') {
    const isRunning = words.some(({ start }) => /^-(?:\w*[xX]|-exec)/.test(start));
    return isRunning ? { segment, doubt: 'what fd runs is not certain' } : { segment };
  }
  const found: Segment[] = [];
  let doubt: string | undefined;
  for (let at = 1; at < words.length; at++) {
    if (!findRuns.test(words[at]?.value ?? '')) continue;
    const end = words.findIndex(({ value }, index) => index > at && /^[;+]$/.test(value ?? ''));
    const inner = words.slice(at + 1, end < 0 ? words.length : end);
    if (end < 0 || inner.length === 0) return { segment, doubt: 'what find runs is not certain' };
    const filled = inner.map(withFound);
    const text = inner.map((word) => word.text).join(' ');
    const seen = seeThrough(
      { ...segment, text, words: filled, assignments: [], redirects: [] },
      readText,
    );
    found.push(seen.segment);
    doubt ??= seen.doubt;
    at = end;
  }
  if (found.length === 0) return { segment };
  return {
    segment: { ...segment, runs: { own: words.length, how: 'also', segments: found } },
    doubt,
  };
}

/** A word in which find puts the name of a file. */
function withFound(word: Word): Word {
  return word.value?.includes('{}') === true ? { ...unknownWord, isMany: false } : word;
}
