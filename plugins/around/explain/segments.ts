/** Which bytes of a body are from which part. */

import type { EncodedPart } from '../../../core/index.ts';

/** A stretch of the body: of a part (its index), or of what the model plugin puts around parts. */
export interface Segment {
  readonly part?: number;
  readonly text: string;
}

// Two characters for private use, which JSON writes as they are.
const [open, close] = ['\uE000', '\uE001'];
const mark = /\uE000(\d+):(\d+)\uE001/u;

/** The parts with a mark in the place of each line of their texts. */
export function marked(parts: readonly EncodedPart[]): readonly EncodedPart[] {
  return parts.map(({ part, text }, index) => {
    if (text === '') return { part, text };
    const lines = text.split('\n').map((_, line) => `${open}${index}:${line}${close}`);
    return { part, text: lines.join('\n') };
  });
}

/**
 * The body in stretches whose texts joined are the body again. `template` is the body of the marked parts; `undefined`
 * when the model plugin does not put its body together from the parts' texts.
 */
export function segmentsOf(
  parts: readonly EncodedPart[],
  body: string,
  template: string | undefined,
): readonly Segment[] | undefined {
  const pieces = template?.split(mark) ?? [];
  const segments: Segment[] = [];
  for (let at = 0; at < pieces.length; at += 3) {
    const [around = '', index, line] = pieces.slice(at, at + 3);
    if (around !== '') segments.push({ text: around });
    if (index === undefined) continue;
    const text = parts[Number(index)]?.text.split('\n')[Number(line)] ?? '';
    segments.push({ part: Number(index), text });
  }
  const isMarked = segments.some(({ part }) => part !== undefined) || parts.length === 0;
  const isWhole = segments.map(({ text }) => text).join('') === body;
  return isMarked && isWhole ? segments : undefined;
}
