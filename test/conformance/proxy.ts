/** A door for clients that cannot send a token: it passes everything on as it is, and adds the token. */

import { once } from 'node:events';
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Target {
  /** The server's address, with its path. */
  readonly url: string;
  readonly token: string;
}

/** Listens on a free port of loopback until disposed. Its own port in Host and Origin becomes the server's. */
export async function openProxy({
  url,
  token,
}: Target): Promise<AsyncDisposable & { readonly url: string }> {
  const { port: to, pathname } = new URL(url);
  const server = createServer((request, response) => pass(request, response));
  const pass = (request: IncomingMessage, response: ServerResponse) => {
    const { method, url: path, headers } = request;
    const from = String((server.address() as AddressInfo).port);
    const renamed = (value: string | undefined) => value?.replace(`:${from}`, `:${to}`);
    const sent = {
      ...headers,
      host: renamed(headers.host),
      ...(headers.origin && { origin: renamed(headers.origin) }),
      authorization: `Bearer ${token}`,
    };
    const onward = ask({ host: '127.0.0.1', port: to, method, path, headers: sent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}${pathname}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
