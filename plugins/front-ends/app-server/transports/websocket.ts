/** One message a text frame over WebSocket (RFC 6455). */

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { Inbox } from '../inbox.ts';
import { maxMessageBytes, type Transport } from '../transport.ts';

/** How often a client is asked whether it is there; one that is silent until the next time has left. */
const pingMs = 30_000;
/** What may be on its way to a client, in bytes, before more waits. */
const highMark = 1024 * 1024;
/** RFC 6455, 7.4.1: going away. */
const goingAway = 1001;

/** Takes over a connection; gives each client to `serve`. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Loads `ws`. */
export async function webSockets(serve: (transport: Transport) => void): Promise<Upgrade> {
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
  });
  return (request, socket, head) =>
    server.handleUpgrade(request, socket, head, (webSocket) => {
      const { remoteAddress, remotePort } = request.socket;
      const peer = remoteAddress === undefined ? 'unix' : `${remoteAddress}:${remotePort ?? 0}`;
      serve(webSocketTransport(webSocket, `ws ${peer}`));
    });
}

function webSocketTransport(socket: WebSocket, name: string): Transport {
  const gone = new AbortController();
  const messages = new Inbox<string>({
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  });
  let isThere = true;
  const pinging = setInterval(() => {
    if (socket.isPaused) return; // its answer could not be heard
    if (!isThere) return socket.terminate();
    isThere = false;
    socket.ping();
  }, pingMs).unref();
  socket.on('message', (data) => messages.push((data as Buffer).toString('utf8'))); // so `binaryType` says
  socket.on('pong', () => (isThere = true));
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    clearInterval(pinging);
    messages.end();
    gone.abort();
  });
  const close = (why: string) => {
    messages.end();
    socket.close(goingAway, why);
  };
  return {
    name,
    messages,
    send: (texts) => sendAll(socket, texts, gone.signal),
    gone: gone.signal,
    close,
    [Symbol.asyncDispose]: () => closed(socket, gone.signal),
  };
}

function sendAll(
  socket: WebSocket,
  texts: readonly string[],
  gone: AbortSignal,
): Promise<void> | undefined {
  if (gone.aborted) return undefined;
  const { promise, resolve } = Promise.withResolvers<void>();
  const last = texts.length - 1;
  for (const [index, text] of texts.entries())
    socket.send(text, index === last ? () => resolve() : undefined);
  return socket.bufferedAmount > highMark ? promise : undefined;
}

/** How long a client has to say goodbye. */
const goodbyeMs = 500;

async function closed(socket: WebSocket, gone: AbortSignal): Promise<void> {
  if (gone.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  using _timer = setTimeout(() => socket.terminate(), goodbyeMs);
  gone.addEventListener('abort', () => resolve(), { once: true });
  socket.close(goingAway);
  await promise;
}
