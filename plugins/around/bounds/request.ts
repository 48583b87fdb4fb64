/** The request `content/fit`, by which front ends have what a user gives fitted before a turn starts. */

import { invalid } from '../../../core/index.ts';
import type { Content, RequestHandler } from '../../../core/index.ts';
import type { Fitted } from './content.ts';

const list = { type: 'array', items: { type: 'object' } };
const schema = { type: 'object', properties: { content: list }, required: ['content'] };

/** `{content}` in and out; throws `invalid` when it holds something that cannot be made to fit. */
export function fitRequest(
  fit: (content: readonly Content[], signal: AbortSignal) => Promise<Fitted>,
): RequestHandler {
  return {
    name: 'content/fit',
    params: schema,
    result: schema,
    run: async (params, { signal }) => {
      const { content } = Object(params) as { readonly content?: readonly Content[] }; // looked at below
      if (!Array.isArray(content)) throw invalid`content/fit expected a list of content`;
      const fitted = await fit(content, signal);
      if (fitted.lost.length > 0) throw invalid`${fitted.lost.join('; ')}`;
      return { content: fitted.content };
    },
  };
}
