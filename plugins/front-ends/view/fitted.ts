/** What a user gives beside text, made to fit before a turn starts. */

import { type Client, type Content, KernelError } from '../../../core/index.ts';

/**
 * The content as the plugin `bounds` makes it fit, if that plugin is there. Throws KernelError `invalid` for what cannot
 * be made to fit.
 */
export async function fitted(
  content: readonly Content[],
  { client, signal }: { readonly client: Client; readonly signal?: AbortSignal },
): Promise<readonly Content[]> {
  if (content.every(({ type }) => type === 'text')) return content;
  try {
    const answer = await client.call('content/fit', { content }, signal);
    return (answer as { readonly content: readonly Content[] }).content; // what the request promises
  } catch (error) {
    if (error instanceof KernelError && error.code === 'not_found') return content;
    throw error;
  }
}
