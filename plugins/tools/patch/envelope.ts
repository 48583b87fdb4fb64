import { failure, quote, success } from './patch.ts';
import type { Outcome } from './patch.ts';

/** A line of the patch with its number in the text that came, counted from 1. */
export interface PatchLine {
  readonly text: string;
  readonly number: number;
}

/**
 * The lines between `*** Begin Patch` and `*** End Patch`, without line endings and without an indentation that all of
 * them share. A heredoc or code fence round the patch is taken off. Fails with `syntax` where a marker is not what it
 * should be.
 */
export function unwrap(text: string): Outcome<readonly PatchLine[]> {
  const lines = text
    .split('\n')
    .map((line, index) => ({ text: line.replace(/\r$/u, ''), number: index + 1 }));
  const begin = lines.findIndex((line) => line.text.trim() === '*** Begin Patch');
  const before = lines
    .slice(0, begin === -1 ? undefined : begin)
    .filter((line) => line.text.trim() !== '');
  const stray = before.find((line) => opening(line.text) === undefined);
  if (begin === -1 || stray !== undefined) return noBegin(stray ?? before[0]);
  const closings = new Set(['EOF', '```', ...before.map((line) => opening(line.text))]);
  const end = lines.findLastIndex(
    (line) => line.text.trim() !== '' && !closings.has(line.text.trim()),
  );
  const last = lines[end];
  if (last === undefined || end === begin || last.text.trim() !== '*** End Patch')
    return noEnd(last);
  return success(dedent(lines.slice(begin, end)).slice(1));
}

/** The line that closes what this line opens; nothing for a line that wraps no patch. */
function opening(line: string): string | undefined {
  if (/^\s*```\w*\s*$/u.test(line)) return '```';
  return /<<-?\s*(['"]?)(\w+)\1\s*$/u.exec(line)?.[2];
}

function dedent(lines: readonly PatchLine[]): readonly PatchLine[] {
  const indent = /^\s*/u.exec(lines[0]?.text ?? '')?.[0] ?? '';
  const shared = lines.every((line) => line.text.startsWith(indent) || line.text.trim() === '');
  return shared ? lines.map((line) => ({ ...line, text: line.text.slice(indent.length) })) : lines;
}

function noBegin(got: PatchLine | undefined): Outcome<never> {
  const place = got === undefined ? '' : `patch line ${got.number}: `;
  const came = got === undefined ? 'nothing' : quote(got.text);
  return failure(
    'syntax',
    `${place}expected "*** Begin Patch" as the first line, got ${came}; begin the patch with it.`,
  );
}

function noEnd(got: PatchLine | undefined): Outcome<never> {
  const place = got === undefined ? '' : `patch line ${got.number}: `;
  const came = got === undefined ? 'nothing' : quote(got.text);
  return failure(
    'syntax',
    `${place}expected "*** End Patch" as the last line, got ${came}; the patch may have been cut: send it whole.`,
  );
}
