/** Questions of a server to the user: a form, or an address to open. */

import type { ElicitRequest, ElicitResult } from '@modelcontextprotocol/client';

import type { Asked, JsonSchema } from '../../core/index.ts';
import type { ActiveCall } from './active-calls.ts';
import { clean, oneLine } from './text.ts';

/** What one server asks, in which call. */
export interface Elicitation {
  readonly server: string;
  readonly call: ActiveCall | undefined;
}

/**
 * Asks the user and gives the answer in the protocol's words. With nobody there, or outside a call, it is cancelled; a
 * server that asks on and on is declined, and its call ended in the end.
 */
export async function elicit(
  params: ElicitRequest['params'],
  { server, call }: Elicitation,
): Promise<ElicitResult> {
  if (call === undefined) return { action: 'cancel' };
  if (!call.mayAsk()) return { action: 'decline' };
  const form = params.mode === 'url' ? addressForm(params) : fieldForm(params);
  if (form === undefined) return { action: 'decline' };
  const { client, call: tool } = call.context;
  const asked = await call.waitFor(
    client.request('question/ask', {
      thread: tool.thread,
      call: tool.id,
      question: { kind: 'input/ask', from: `MCP server ${server}`, ...form },
    }),
  );
  return answerOf(asked, params.mode === 'url');
}

interface Form {
  readonly message: string;
  readonly schema: JsonSchema;
}

function fieldForm(params: ElicitRequest['params']): Form {
  const schema = 'requestedSchema' in params ? params.requestedSchema : {};
  return { message: clean(params.message, 2000), schema: cleanForm(schema) as JsonSchema }; // stays an object
}

/** The whole address is shown; only a web address is. */
function addressForm(params: ElicitRequest['params']): Form | undefined {
  const url = 'url' in params ? URL.parse(params.url) : null;
  if (url === null || !isWebAddress(url)) return undefined;
  const message = `${clean(params.message, 1000)}\nOpen ${url.href} (${oneLine(url.host)}), then answer.`;
  return { message, schema: { type: 'object', properties: {} } };
}

/** Over TLS, or on this machine. */
export function isWebAddress({ protocol, hostname }: URL): boolean {
  const isHere = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/u.test(hostname);
  return protocol === 'https:' || (protocol === 'http:' && isHere);
}

function cleanForm(value: unknown): unknown {
  if (typeof value === 'string') return clean(value, 1000);
  if (Array.isArray(value)) return value.slice(0, 200).map(cleanForm);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).slice(0, 200);
  return Object.fromEntries(entries.map(([key, one]) => [key, cleanForm(one)]));
}

function answerOf({ value, by }: Asked, isAddress: boolean): ElicitResult {
  if (by === 'nobody' || by === 'closed') return { action: 'cancel' };
  if (value === undefined) return { action: 'decline' };
  if (isAddress || typeof value !== 'object' || value === null) return { action: 'accept' };
  const content = Object.fromEntries(Object.entries(value).filter(isField));
  return { action: 'accept', content: content }; // as just filtered
}

function isField([, value]: [string, unknown]): boolean {
  return /^(?:string|number|boolean)$/u.test(typeof value) || Array.isArray(value);
}
