/**
 * The proxy: a Unix socket in a private folder. A command has a token of its own, which is good for one connection; that
 * carries all its streams, and what each may reach is asked of `Reach`.
 */

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, duplexPair, finished } from 'node:stream';

import { KernelError, messageOf } from '../../../core/index.ts';
import { dial, type Internet } from './addresses.ts';
import { type Asked, readAsked } from './ask.ts';
import { Multiplexer } from './multiplexer.ts';

/** Resolves when a command may connect for a URL; throws KernelError `denied` with the reason otherwise. */
export type Reach = (url: string) => Promise<void>;

/** How the proxy reaches hosts. */
export interface WayOut {
  readonly internet: Internet;
  readonly isRefused: (address: string) => boolean;
}

const maxTokens = 4096;
/** So many streams of a command may wait at a time to be led somewhere. */
const maxAsking = 256;
/** How long a connection may take to say whose it is. */
const greetingMs = 5000;

/** Listens from `start` until it is disposed, which ends every connection and leaves nothing behind. */
export class Proxy implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'spindle-proxy-'));
  readonly #commands = new Map<string, Reach>();
  readonly #links = new Set<Socket>();
  readonly #way: WayOut;
  readonly #server: Server;
  readonly path = join(this.#folder, 'socket');

  private constructor(way: WayOut) {
    this.#way = way;
    const { createServer } = process.getBuiltinModule('node:net');
    this.#server = createServer((link) => this.#greet(link));
  }

  static async start(way: WayOut): Promise<Proxy> {
    const proxy = new Proxy(way);
    chmodSync(proxy.#folder, 0o700);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    proxy.#server.once('error', reject).listen(proxy.path, resolve);
    await promise;
    return proxy;
  }

  /** A token for one command. Disposing takes it back, if it was not used. */
  admit(reach: Reach): Disposable & { readonly token: string } {
    const { randomBytes } = process.getBuiltinModule('node:crypto');
    const token = randomBytes(16).toString('hex');
    this.#commands.set(token, reach);
    const [oldest] = this.#commands.keys();
    if (this.#commands.size > maxTokens && oldest !== undefined) this.#commands.delete(oldest);
    return { token, [Symbol.dispose]: () => void this.#commands.delete(token) };
  }

  #greet(link: Socket): void {
    this.#links.add(link);
    link.on('error', () => {}).once('close', () => this.#links.delete(link));
    link.setTimeout(greetingMs, () => link.destroy());
    let said: Buffer = Buffer.alloc(0);
    const hear = (chunk: Buffer) => {
      said = Buffer.concat([said, chunk]);
      const end = said.indexOf('\n');
      if (end < 0 && said.length < 100) return;
      link.off('data', hear).pause();
      const token = said.subarray(0, end).toString();
      const reach = this.#commands.get(token);
      this.#commands.delete(token);
      if (reach === undefined) return void link.destroy();
      link.setTimeout(0);
      if (said.length > end + 1) link.unshift(said.subarray(end + 1));
      this.#serve(link, reach);
    };
    link.on('data', hear);
  }

  #serve(link: Socket, reach: Reach): void {
    const told = new Set<string>();
    // Each reason once: a program that tries again and again would say nothing else.
    const tell = (why: string) => {
      if (!told.has(why)) streams.tell(why);
      told.add(why);
    };
    // Also those that the command has closed meanwhile: it could ask for more and more otherwise.
    let asking = 0;
    const streams = new Multiplexer(link, {
      opened: () => {
        if (asking >= maxAsking) return undefined;
        asking += 1;
        const [carried, own] = duplexPair();
        endTogether(carried, own);
        void connect(own, { reach, way: this.#way, tell }).finally(() => (asking -= 1));
        return carried;
      },
    });
    link.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links) link.destroy();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** How the streams of a command are led; `tell` is for its people. */
interface Lead {
  readonly reach: Reach;
  readonly way: WayOut;
  readonly tell: (why: string) => void;
}

/** Leads a stream where it asks to go, or says why not. */
async function connect(own: Duplex, { reach, way, tell }: Lead): Promise<void> {
  let asked: Asked | undefined;
  try {
    asked = await readAsked(own);
    await reach(asked.url);
    const socket = await dial(asked, way.isRefused, way.internet);
    own.write(asked.accepted);
    if (asked.first !== undefined) socket.write(asked.first);
    own.pipe(socket);
    socket.pipe(own);
    endTogether(own, socket);
  } catch (error) {
    const isDenied = error instanceof KernelError && error.code === 'denied';
    if (asked === undefined) return void own.end();
    const why = `${asked.host}: ${messageOf(error)}`;
    tell(why); // first: with the answer the command may end
    own.end(asked.refused(why, isDenied));
  }
}

function isBroken(stream: Duplex): boolean {
  return stream.errored !== null || !stream.readableEnded;
}

/** When one of two is destroyed or fails, so is the other; an end is handed on by what carries them. */
function endTogether(one: Duplex, other: Duplex): void {
  finished(one, () => void (isBroken(one) && other.destroy()));
  finished(other, () => void (isBroken(other) && one.destroy()));
}
