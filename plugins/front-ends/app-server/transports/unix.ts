/** What comes to a Unix socket: JSON Lines, or HTTP with WebSocket, told apart by how it begins. */

import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Transport } from '../transport.ts';
import { streamTransport } from './stream.ts';

interface Served {
  /** Answers HTTP; it does not listen itself. */
  readonly http: HttpServer;
  readonly serve: (transport: Transport) => void;
  readonly signal: AbortSignal;
}

/** A request line of HTTP begins with a word of capital letters; a message begins with a brace or a blank. */
const isHttp = (first: Buffer) => /^[A-Z]/.test(String.fromCharCode(first[0] ?? 0));

/** Gives a connection to the one that speaks its language. */
export function socketReader({ http, serve, signal }: Served): (socket: Socket) => void {
  return (socket) => {
    socket.once('readable', () => {
      const first: unknown = socket.read();
      if (!Buffer.isBuffer(first)) return void socket.destroy();
      socket.unshift(first);
      if (isHttp(first)) return void http.emit('connection', socket);
      serve(streamTransport({ input: socket, output: socket, name: 'unix', signal }));
    });
  };
}
