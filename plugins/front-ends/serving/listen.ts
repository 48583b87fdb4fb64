/** Listeners: HTTP on TCP behind a token, and sockets of the file system that are the user's own. */

import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import {
  createConnection,
  createServer as createSocketServer,
  type Server as NetServer,
  type Socket,
} from 'node:net';
import type { Duplex } from 'node:stream';
import { KernelError, messageOf } from '../../../core/index.ts';
import { Access } from './access.ts';
import { hostInUrl } from './address.ts';
import { answerPlain, type Page, servePage } from './answers.ts';

/** What is served over HTTP. Requests come with access checked. */
export interface HttpService {
  /** Answers a request. What it throws is answered 500 and told to `log`. */
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;
  /** Takes over a connection (WebSocket); without it upgrades are refused. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** What browsers are shown at `/`; without it there is nothing for them. */
  readonly page?: Page;
  /** Whether `/readyz` says yes; default: yes. */
  readonly isReady?: () => boolean;
  /** Told what failed, for people. */
  readonly log: (message: string) => void;
}

/** A listener. Disposing closes it and its connections. */
export interface Listener extends AsyncDisposable {
  /** Such as `http://127.0.0.1:4500`, or the path of a socket. */
  readonly address: string;
}

interface HttpOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly token: string;
  readonly service: HttpService;
}

const maxConnections = 2000;

/**
 * Listens for HTTP/1.1. `/healthz` and `/readyz` are answered without the token, everything else needs it. Throws
 * `conflict` when the port is taken, `invalid` when the host is not one of this machine's.
 */
export async function listenHttp({ host, port, token, service }: HttpOptions): Promise<Listener> {
  const server = createServer();
  server.maxConnections = maxConnections;
  const sockets = new Set<Socket>(); // those that were upgraded, too
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await listening(server, `${hostInUrl(host)}:${port}`, () => server.listen({ host, port }));
  const bound = server.address();
  const actual = typeof bound === 'object' && bound !== null ? bound.port : port;
  attach(server, service, new Access(token, { host, port: actual }));
  return {
    address: `http://${hostInUrl(host)}:${actual}`,
    [Symbol.asyncDispose]: () => closed(server, sockets),
  };
}

/** Answers the requests of an HTTP server; without `access` whoever reaches it is let in. */
export function attach(server: HttpServer, service: HttpService, access?: Access): void {
  server.on('request', (request, response) => {
    const origin = access?.checkOrigin(request);
    if (origin !== undefined) return answerPlain(response, origin.status, origin.reason);
    if (isOpen({ request, response, service, access })) return;
    const refusal = access?.check(request);
    if (refusal !== undefined) return answerPlain(response, refusal.status, refusal.reason);
    void Promise.try(service.onRequest, request, response).catch((error: unknown) => {
      service.log(messageOf(error));
      if (!response.headersSent) answerPlain(response, 500, 'the server failed');
      else response.destroy();
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const refusal = access?.check(request);
    if (refusal !== undefined) return refuseUpgrade(socket, refusal.status, refusal.reason);
    if (service.onUpgrade === undefined) return refuseUpgrade(socket, 400, 'no WebSocket here');
    service.onUpgrade(request, socket, head);
  });
  server.on('clientError', (_error, socket) => void socket.destroy());
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly service: HttpService;
  readonly access: Access | undefined;
}

/** Answers what needs no token; `false`: this does. */
function isOpen(asked: Asked): boolean {
  const { request, response, service } = asked;
  const [path = '/'] = (request.url ?? '/').split('?');
  if (path === '/healthz') return plain(response, 200, 'ok');
  if (path === '/readyz') {
    const isReady = service.isReady?.() ?? true;
    return plain(response, isReady ? 200 : 503, isReady ? 'ready' : 'not ready');
  }
  if (path === '/session' && request.method === 'POST') return logIn(asked);
  return service.page !== undefined && servePage(service.page, { path, request, response });
}

function logIn({ request, response, access }: Asked): boolean {
  if (access === undefined) return false;
  const cookie = access.logIn(request);
  if (cookie === undefined) return plain(response, 401, 'expected the token of this server');
  response.setHeader('Set-Cookie', cookie);
  return plain(response, 204, '');
}

function plain(response: ServerResponse, status: number, text: string): true {
  answerPlain(response, status, text);
  return true;
}

function refuseUpgrade(socket: Duplex, status: number, reason: string): void {
  const head = `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: text/plain\r\n`;
  const challenge = status === 401 ? 'WWW-Authenticate: Bearer\r\n' : '';
  const length = `Content-Length: ${Buffer.byteLength(reason)}\r\n`;
  socket.end(`${head}${challenge}${length}\r\n${reason}`);
}

interface SocketOptions {
  readonly path: string;
  readonly onSocket: (socket: Socket) => void;
}

/**
 * Listens on a socket in the file system that only this user can open. One that a dead server left is replaced; throws
 * `conflict` when a living one answers there, `invalid` when the path is something else or cannot be made.
 */
export async function listenSocket({ path, onSocket }: SocketOptions): Promise<Listener> {
  await clear(path);
  const sockets = new Set<Socket>();
  const server = createSocketServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  await listening(server, path, () => {
    const before = process.umask(0o177); // the socket is made within this call
    try {
      server.listen(path);
    } finally {
      process.umask(before);
    }
  });
  chmodSync(path, 0o600);
  return {
    address: path,
    [Symbol.asyncDispose]: () => closed(server, sockets),
  };
}

async function clear(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new KernelError(
      'invalid',
      `expected a socket or nothing at ${path}, but a file is there`,
    );
  if (await answers(path))
    throw new KernelError('conflict', `another server listens on ${path}: choose another path`);
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = createConnection(path);
  socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

/** Resolves when the server listens. */
async function listening(server: NetServer, where: string, start: () => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.once('listening', resolve);
  start();
  try {
    await promise;
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    const code = isTaken ? 'conflict' : 'invalid';
    throw new KernelError(code, `cannot listen on ${where}: ${messageOf(error)}`, { cause: error });
  } finally {
    server.off('error', reject);
  }
}

async function closed(server: NetServer, sockets: ReadonlySet<Socket>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  for (const socket of sockets) socket.destroy();
  await promise;
}
