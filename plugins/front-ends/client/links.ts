/** Ways to a server: a program that is started, a Unix socket, a WebSocket. */

import { spawn } from 'node:child_process';
import { createConnection } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { Inbox } from '../app-server/inbox.ts';
import { linesOf } from '../app-server/lines.ts';

/** Where the server is. */
export type Place =
  | SpawnPlace
  /** The path of a Unix socket (`--listen unix://PATH`). */
  | Readonly<{ socket: string }>
  /** `ws://HOST:PORT` and the server's token (`--listen ws://HOST:PORT`). */
  | Readonly<{ url: string; token: string }>;

/** A server of its own for this client: the words of the command. Its stderr is this program's. */
export interface SpawnPlace {
  readonly command: readonly [program: string, ...args: readonly string[]];
  readonly cwd?: string;
  /** Default: this program's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A connection. `messages` ends when it is lost; `close` ends it. */
export interface Link {
  readonly messages: AsyncIterable<string>;
  readonly send: (text: string) => void;
  readonly close: () => void;
}

/** What a server may say in one message: it bounds what it sends itself. */
const maxBytes = 1024 * 1024 * 1024;

/** Opens a connection. Rejects when nobody is there. */
export function openLink(place: Place): Promise<Link> {
  if ('command' in place) return openProcess(place);
  return 'socket' in place ? openSocket(place.socket) : openWebSocket(place.url, place.token);
}

async function openProcess({ command: [program, ...args], cwd, env }: SpawnPlace): Promise<Link> {
  const child = spawn(program, args, { cwd, env, stdio: ['pipe', 'pipe', 'inherit'] });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.on('spawn', resolve).on('error', reject);
  await promise;
  return linkOf(child.stdout, child.stdin, () => child.stdin.end());
}

async function openSocket(path: string): Promise<Link> {
  const socket = createConnection(path);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on('connect', resolve).on('error', reject);
  await promise;
  return linkOf(socket, socket, () => socket.destroy());
}

function linkOf(input: Readable, output: Writable, close: () => void): Link {
  output.on('error', () => input.destroy());
  return {
    messages: textsOf(input),
    send: (text) => void output.write(`${text}\n`),
    close,
  };
}

async function* textsOf(input: Readable): AsyncGenerator<string> {
  for await (const line of linesOf(input, maxBytes)) if (typeof line === 'string') yield line;
}

async function openWebSocket(url: string, token: string): Promise<Link> {
  const { WebSocket } = await import('ws');
  const headers = { Authorization: `Bearer ${token}` };
  const socket = new WebSocket(url, { headers, perMessageDeflate: false, maxPayload: maxBytes });
  const messages = new Inbox<string>({
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on('message', (data) => messages.push((data as Buffer).toString('utf8'))); // so `binaryType` says
  socket.on('close', () => messages.end());
  socket.on('open', resolve).on('error', reject);
  await promise;
  return { messages, send: (text) => socket.send(text), close: () => socket.close() };
}
