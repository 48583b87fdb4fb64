/**
 * Reads words by the quoting rules of the shell (POSIX XCU 2.2, Bash manual 3.1.2), apart from the grammar: where the
 * two do not agree, the word is not understood.
 */

import type { Word } from './script.ts';

/** An expansion within a word: offsets, and whether it may come to several words even in quotes. */
export interface Hole {
  readonly start: number;
  readonly end: number;
  readonly isMany: boolean;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The word that stands between two offsets; `undefined` when it is not surely one word. */
export function readWord(text: string, span: Span, holes: readonly Hole[]): Word | undefined {
  const reader = new WordReader(text, span, holes);
  const isRead = reader.readPlain();
  return isRead && span.end > span.start ? reader.word() : undefined;
}

/** Whether the text of a here-document holds no expansion but those that are known. */
export function isHereText(text: string, span: Span, holes: readonly Hole[]): boolean {
  return new WordReader(text, span, holes).readQuoted('here');
}

const plainText = /(?:[\w./:@%+,^=!~#[\]*?{}-]|[^\p{ASCII}])+/uy;
const rawText = /'([^']*)'/y;
const quotedText = /[^"\\$`]+/y;
const hereText = /[^\\$`]+/y;
const ansiText = /\$'((?:[^'\\]|\\[^])*)'/y;
/** What makes a dollar sign more than itself. */
const meansMore = /[\w{([@*#?$!'"`-]/;

class WordReader {
  readonly #text: string;
  readonly #span: Span;
  readonly #holes: ReadonlyMap<number, Hole>;
  #at: number;
  #value = '';
  #start: string | undefined;
  #bare = '';
  #isMany = false;
  #isPlain = true;

  constructor(text: string, span: Span, holes: readonly Hole[]) {
    this.#text = text;
    this.#span = span;
    this.#holes = new Map(holes.map((hole) => [hole.start, hole]));
    this.#at = span.start;
  }

  word(): Word {
    const { start, end } = this.#span;
    const text = this.#text.slice(start, end);
    const isBraced = /\{/.test(this.#bare) && /,|\.\./.test(this.#bare);
    const isMany = this.#isMany || isBraced;
    const isCertain = this.#start === undefined && !isBraced;
    const before = isBraced ? '' : (this.#start ?? this.#value);
    const shape = { text, start: before, isMany, isPlain: this.#isPlain };
    return isCertain ? { ...shape, value: this.#value } : shape;
  }

  /** Reads on to the end, outside quotes. */
  readPlain(): boolean {
    while (this.#at < this.#span.end) {
      const isRead = this.#readHole(true) || this.#readBare() || this.#readMark();
      if (!isRead) return false;
    }
    // `{name}>file` and `2>file` are redirections.
    const isBefore =
      /[<>]/.test(this.#text[this.#span.end] ?? '') && /(?:\}|^\d+)$/.test(this.#bare);
    return this.#at === this.#span.end && !isBefore;
  }

  /** Reads on to the closing quote, or in a here-document to the end. */
  readQuoted(where: 'string' | 'here'): boolean {
    const text = where === 'string' ? quotedText : hereText;
    while (this.#at < this.#span.end) {
      if (where === 'string' && this.#text[this.#at] === '"') return true;
      const isRead =
        this.#readText(text) ||
        this.#readHole(false) ||
        this.#readEscape(where) ||
        this.#readDollar(where);
      if (!isRead) return false;
    }
    return where === 'here' && this.#at === this.#span.end;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null || this.#at + found[0].length > this.#span.end) return undefined;
    this.#at += found[0].length;
    return found;
  }

  /** As much as there is of a text, up to the end of the span. */
  #readText(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const [found = ''] = pattern.exec(this.#text) ?? [];
    const text = found.slice(0, this.#span.end - this.#at);
    this.#at += text.length;
    return text !== '' && this.#add(text);
  }

  #add(value: string): true {
    this.#value += value;
    return true;
  }

  #readHole(isBare: boolean): boolean {
    const hole = this.#holes.get(this.#at);
    if (hole === undefined || hole.end > this.#span.end) return false;
    this.#at = hole.end;
    this.#isPlain = false;
    return this.#leaveOpen(isBare || hole.isMany);
  }

  /** From here on only the shell knows. */
  #leaveOpen(isMany: boolean): true {
    this.#start ??= this.#value;
    this.#isMany ||= isMany;
    return true;
  }

  #readBare(): boolean {
    const isFirst = this.#at === this.#span.start;
    const [found] = this.#match(plainText) ?? [];
    if (found === undefined || (isFirst && found.startsWith('#'))) return false;
    this.#bare += found;
    const tilde = isFirst && found.startsWith('~') ? 0 : found.search(/[=:]~/);
    const pattern = found.search(/[*?[]/);
    const [open] = [tilde, pattern].filter((place) => place >= 0).toSorted((a, b) => a - b);
    if (open === undefined) return this.#add(found);
    this.#add(found.slice(0, open));
    this.#leaveOpen(pattern >= 0);
    return this.#add(found.slice(open));
  }

  /** Quotes, an escape, or a dollar sign that is none of these. */
  #readMark(): boolean {
    this.#isPlain = false;
    const raw = this.#match(rawText);
    if (raw !== undefined) return this.#add(raw[1] ?? '');
    const ansi = this.#match(ansiText);
    if (ansi !== undefined) return this.#addAnsi(ansi[1] ?? '');
    if (this.#text[this.#at] === '"') return this.#readString();
    return this.#readEscape('plain') || this.#readDollar('plain');
  }

  #addAnsi(escaped: string): boolean {
    const decoded = decodeAnsi(escaped);
    return decoded !== undefined && this.#add(decoded);
  }

  #readString(): boolean {
    this.#at += 1;
    if (!this.readQuoted('string')) return false;
    this.#at += 1;
    return true;
  }

  #readEscape(where: 'plain' | 'string' | 'here'): boolean {
    if (this.#text[this.#at] !== '\\' || this.#at + 1 >= this.#span.end) return false;
    const next = this.#text[this.#at + 1] ?? '';
    this.#at += 2;
    if (where === 'plain') return /[!-~ ]/.test(next) && this.#add(next);
    if (next === '\n') return true;
    const isEscaped = /[$`\\]/.test(next) || (next === '"' && where === 'string');
    return this.#add(isEscaped ? next : `\\${next}`);
  }

  /** A dollar sign that stands for itself. */
  #readDollar(where: 'plain' | 'string' | 'here'): boolean {
    if (this.#text[this.#at] !== '$') return false;
    const next = this.#text[this.#at + 1] ?? '';
    const isLast = this.#at + 1 === this.#span.end || (next === '"' && where !== 'plain');
    if (!isLast && meansMore.test(next)) return false;
    this.#at += 1;
    return this.#add('$');
  }
}

const ansiEscapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '?': '?',
};

/** What stands in `$'…'`; `undefined` when it comes to something that people cannot see. */
function decodeAnsi(escaped: string): string | undefined {
  const escape =
    /\\(?:([ntrabefvE\\'"?])|([0-7]{1,3})|x([\da-fA-F]{1,2})|u([\da-fA-F]{1,4}))|(\\)/g;
  let isKnown = true;
  const decoded = escaped.replaceAll(escape, (_all, ...groups: readonly unknown[]) => {
    const [letter, octal, hex, unicode] = groups.map((one) => one as string | undefined); // groups
    if (letter !== undefined && letter in ansiEscapes) return ansiEscapes[letter] ?? '';
    const code = octal !== undefined ? parseInt(octal, 8) : parseInt(hex ?? unicode ?? '0', 16);
    if (code < 0x20 || code > 0x7e) isKnown = false;
    return String.fromCharCode(code);
  });
  return isKnown ? decoded : undefined;
}
