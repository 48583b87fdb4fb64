/** What a user said, as the wire has it. */

import type { z } from 'zod';

import type { Content } from '../../../../core/index.ts';
import type { userInput } from '../schemas/values.ts';

type UserInput = z.infer<typeof userInput>;

/** One piece of what was said. */
export function userInputOf(content: Content): UserInput {
  switch (content.type) {
    case 'text':
      return textInput(content.text);
    case 'image':
    case 'audio':
      return { type: content.type, url: dataUrl(content) };
    case 'resource':
      return textInput(content.resource.text ?? `[resource ${content.resource.uri}]`);
    case 'resource_link':
      return { type: 'mention', name: content.name, path: pathOf(content.uri) };
  }
}

const textInput = (text: string): UserInput => ({ type: 'text', text, text_elements: [] });

/** Media as a URL that holds them. */
export const dataUrl = ({ mimeType, data }: { mimeType: string; data: string }) =>
  `data:${mimeType};base64,${data}`;

/** The media that a `data:` URL in base64 holds; `undefined` for any other. */
export function mediaOf(url: string): { mimeType: string; data: string } | undefined {
  const [, mimeType, data] =
    /^data:([\w.+-]+\/[\w.+-]+)(?:;[\w=.+-]+)*;base64,([\s\S]*)$/u.exec(url) ?? [];
  return mimeType === undefined || data === undefined ? undefined : { mimeType, data };
}

const pathOf = (uri: string) =>
  uri.startsWith('file://') ? decodeURIComponent(uri.slice('file://'.length)) : uri;
