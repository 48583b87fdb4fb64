/** The fetch that the SDK's HTTP transports and OAuth use: the kernel's effect in the clothes of the web's function. */

import type { FetchLike } from '@modelcontextprotocol/client';

import { type Effects, invalid } from '../../core/index.ts';
import type { RemoteServer } from './server-config.ts';

const withoutBody = new Set([101, 204, 205, 304]);

/** Requests of one server. Its headers go to its own origin and nowhere else; redirects are left to the caller. */
export function fetchFor(
  effects: Effects,
  { url: home, headers: own, proxy, ca }: Pick<RemoteServer, 'url' | 'headers' | 'proxy' | 'ca'>,
): FetchLike {
  const { origin, href } = new URL(home);
  const way = {
    ...(proxy === undefined ? {} : { proxy }),
    ...(ca === undefined ? {} : { ca }),
  };
  return async (address, init = {}) => {
    const url = new URL(address);
    const body = bodyOf(init.body);
    const answer = await effects.fetch(url.href, {
      method: init.method ?? 'GET',
      headers: Object.fromEntries(headersOf(init, url.origin === origin ? own : {})),
      ...(body === undefined ? {} : { body }),
      ...(init.signal ? { signal: init.signal } : {}),
      ...way,
    });
    if (url.href !== href) refuseOtherOrigin(answer, url);
    const stream = withoutBody.has(answer.status) ? null : streamOf(answer.body);
    return new Response(stream, { status: answer.status, headers: answer.headers });
  };
}

/** Codes and tokens of a login go to no other origin; what the SDK says of that would not tell. */
function refuseOtherOrigin(
  {
    status,
    headers,
  }: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
  from: URL,
): void {
  const to = status >= 300 && status < 400 ? URL.parse(headers['location'] ?? '', from.href) : null;
  if (to !== null && to.origin !== from.origin)
    throw invalid`${from.origin} redirects to ${to.origin}, which is not followed: what is for one origin goes to no other`;
}

/** What the SDK sets goes before what is configured. */
function headersOf(init: RequestInit, own: Readonly<Record<string, string>>): Headers {
  const headers = new Headers(init.headers);
  for (const [name, value] of Object.entries(own)) if (!headers.has(name)) headers.set(name, value);
  if (init.body instanceof URLSearchParams && !headers.has('content-type'))
    headers.set('content-type', 'application/x-www-form-urlencoded');
  return headers;
}

function bodyOf(body: unknown): string | Uint8Array | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw invalid`expected a text or bytes to send, but got ${typeof body}`;
}

/** What is cancelled is not read on: the connection closes. */
function streamOf(body: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]();
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => void (await iterator.return?.()),
  });
}
