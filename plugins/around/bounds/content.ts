/** Content that is no text, made to fit. */

import { messageOf, type Content } from '../../../core/index.ts';
import { sizeOf, type Size } from './header.ts';

/** `edge`: the longer side of an image in pixels; `bytes` of each piece of data; `count`: how many there may be. */
export interface ContentLimits {
  readonly edge: number;
  readonly bytes: number;
  readonly count: number;
}

/** What fits: what did already is the same object. `lost`: why a note stands in the place of some data. */
export interface Fitted {
  readonly content: readonly Content[];
  readonly lost: readonly string[];
}

/** Larger ones are not decoded: four bytes a pixel. */
const maxPixels = 100_000_000;

/** Scales images, with a note behind each, and puts notes in the place of what cannot be made to fit. Rejects on abort. */
export async function fitContent(
  content: readonly Content[],
  limits: ContentLimits,
  signal: AbortSignal,
): Promise<Fitted> {
  const fitted: Content[] = [];
  const lost: string[] = [];
  let count = 0;
  for (const one of content) {
    const data = dataOf(one);
    if (data === undefined) fitted.push(one);
    else if (++count > limits.count) lost.push(`more than ${limits.count} images or files at once`);
    else {
      const made = await fitData(one, data, limits, signal);
      if (typeof made === 'string') lost.push(made);
      fitted.push(...(typeof made === 'string' ? [noteOf(`left out: ${made}`)] : made));
    }
  }
  if (count > limits.count) fitted.push(noteOf(`${count - limits.count} left out: ${lost.at(-1)}`));
  return { content: fitted, lost };
}

interface Data {
  readonly base64: string;
  readonly mimeType: string;
}

function dataOf(one: Content): Data | undefined {
  if (one.type === 'image' || one.type === 'audio')
    return { base64: one.data, mimeType: one.mimeType };
  if (one.type !== 'resource' || one.resource.blob === undefined) return undefined;
  const { blob, mimeType = 'application/octet-stream' } = one.resource;
  return { base64: blob, mimeType };
}

function noteOf(text: string): Content {
  return { type: 'text', text: `[${text}]` };
}

/** What stands in the place of one piece of data; a text says why there can be nothing. */
async function fitData(
  one: Content,
  { base64, mimeType }: Data,
  limits: ContentLimits,
  signal: AbortSignal,
): Promise<readonly Content[] | string> {
  const bytes = Math.floor((base64.length * 3) / 4);
  const isImage = mimeType.startsWith('image/');
  const data = isImage ? Buffer.from(base64, 'base64') : undefined;
  const size = data && sizeOf(data);
  const isSmall = size === undefined || Math.max(size.width, size.height) <= limits.edge;
  if (bytes <= limits.bytes && isSmall) return [one];
  const what = `${mimeType} of ${megabytes(bytes)}${size === undefined ? '' : `, ${shown(size)}`}`;
  const limit = `at most ${megabytes(limits.bytes)}${isImage ? ` and ${limits.edge} pixels a side` : ''}`;
  const why = `${what}, where ${limit} can be shown`;
  if (data === undefined) return why;
  if (size === undefined) return `${why}, and this kind of image cannot be made smaller here`;
  if (size.width * size.height > maxPixels) return `${why}, and it has too many pixels to be read`;
  try {
    const { scaleImage } = await import('./scale.ts');
    const made = await scaleImage({ data, mimeType, size, ...limits }, signal);
    const note = `the image was scaled from ${shown(size)} (${megabytes(bytes)}) to ${shown(made)}`;
    const scaled = Buffer.from(made.data).toString('base64');
    return [{ type: 'image', data: scaled, mimeType: made.mimeType }, noteOf(note)];
  } catch (error) {
    signal.throwIfAborted();
    return `${why}, and it could not be made smaller (${messageOf(error)})`;
  }
}

function shown({ width, height }: Size): string {
  return `${width}×${height}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 100_000 ? 3 : 1)} MB`;
}
