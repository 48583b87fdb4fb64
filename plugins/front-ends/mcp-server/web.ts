/** Between Node's HTTP and the Request and Response that the SDK speaks. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** The request as the SDK takes it; its signal is aborted when the host leaves before the answer is whole. */
export function toRequest(request: IncomingMessage, response: ServerResponse): Request {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new Error('the host has left'));
  });
  const { method = 'GET', headers, url = '/' } = request;
  const given = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one]),
  );
  const hasBody = method !== 'GET' && method !== 'HEAD';
  return new Request(new URL(url, `http://${headers.host ?? 'localhost'}`), {
    method,
    headers: given,
    signal: controller.signal,
    ...(hasBody ? { body: Readable.toWeb(request) as ReadableStream, duplex: 'half' } : {}), // the same streams
  });
}

/** Sends what the SDK answers, as fast as the host reads. */
export async function sendResponse(answer: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (answer.body === null) {
    response.end();
    return;
  }
  response.flushHeaders();
  // A host that leaves in the middle is no fault.
  await pipeline(Readable.fromWeb(answer.body as never), response).catch(() => {}); // Node's own stream
}
