/** Colours where they help, and texts that cannot drive a terminal. */

/** Marks texts; on anything but a terminal it gives them back as they are. */
export interface Style {
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
}

/** Whether a stream is a terminal that wants colours: `NO_COLOR` (no-color.org) and `TERM=dumb` say no. */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

/** Styles by ECMA-48 codes, or plain ones. */
export function styleOf(isColoured: boolean): Style {
  const mark = (on: number, off: number) => (text: string) =>
    isColoured && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    dim: mark(2, 22),
    bold: mark(1, 22),
    red: mark(31, 39),
    green: mark(32, 39),
    yellow: mark(33, 39),
  };
}

const unsafe = /(?![\n\t])\p{Cc}|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A text whose control and bidirectional characters are written out, so that it is shown as it is. */
export function shown(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll(unsafe, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The same on one line of at most `width` characters. */
export function line(text: string, width = 160): string {
  const flat = shown(text.trim()).replaceAll(/\s*\n\s*/gu, ' ');
  return flat.length <= width ? flat : `${flat.slice(0, width - 1)}…`;
}
