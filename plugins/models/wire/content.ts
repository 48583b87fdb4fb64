/** Content as models are shown it. */

import { textOf } from '../../../core/index.ts';
import type { Content } from '../../../core/index.ts';

type Image = Readonly<{ mimeType: string; data: string }>;

/** The image that some content is, or undefined. */
export function imageOf(one: Content): Image | undefined {
  if (one.type === 'image') return one;
  const { mimeType = '', blob = '' } = one.type === 'resource' ? one.resource : {};
  return mimeType.startsWith('image/') && blob !== '' ? { mimeType, data: blob } : undefined;
}

/** Content in which a text stands for each image, for models that see none. */
export function withoutImages(content: readonly Content[]): readonly Content[] {
  return content.map((one) => {
    const image = imageOf(one);
    return image === undefined
      ? one
      : { type: 'text', text: `[image ${image.mimeType}: you cannot see it]` };
  });
}

/** The data URL of an image (RFC 2397). */
export function dataUrl({ mimeType, data }: Image): string {
  return `data:${mimeType};base64,${data}`;
}

/** The text of content that is no image; half of a surrogate pair, which servers refuse, becomes U+FFFD. */
export function wellFormedText(content: readonly Content[]): string {
  return textOf(content).toWellFormed();
}

/** An error result as content that says so in words, since the APIs have no place for it. */
export function markError(content: readonly Content[], isError: boolean): readonly Content[] {
  const isMarked = !isError || /^\s*error\b/iu.test(textOf(content));
  return isMarked ? content : [{ type: 'text', text: 'Error:' }, ...content];
}
