/** A client at the other end of a connection in this process, with a kernel behind it. */

import { PassThrough } from 'node:stream';
import type { TestContext } from 'node:test';
import { z } from 'zod';
import { createKernel, type Kernel } from '../../../../core/index.ts';
import type { AppServerOptions } from '../../../../plugins/front-ends/app-server.ts';
import { linesOf } from '../../../../plugins/front-ends/app-server/lines.ts';
import { RunningServer } from '../../../../plugins/front-ends/app-server/server.ts';
import type { Method, MethodTable } from '../../../../plugins/front-ends/app-server/session.ts';
import { streamTransport } from '../../../../plugins/front-ends/app-server/transports/stream.ts';
import memory from '../../../../plugins/stores/memory.ts';
import scripted from '../../../../plugins/models/scripted.ts';
import history from '../../../../plugins/prompts/history.ts';
import type { ScriptedOptions } from '../../../../plugins/models/scripted.ts';

/** What a server says. */
export interface Said {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
  readonly emittedAtMs?: number;
}

/** A method that takes and gives whatever it likes. */
export function method(run: Method['run'], params: Method['params'] = z.looseObject({})): Method {
  return { params, result: z.unknown(), run };
}

export interface Running {
  readonly server: RunningServer;
  readonly kernel: Kernel;
  readonly logged: string[];
  readonly connect: () => Peer;
}

export interface Served {
  readonly methods: MethodTable['methods'];
  /** Told of the server, as those of the program are. */
  readonly serve?: MethodTable['serve'];
  readonly model?: ScriptedOptions;
  readonly options?: AppServerOptions;
}

/** A server over a kernel that answers from a script; all of it is gone after the test. */
export async function startServer(
  t: TestContext,
  { methods, serve = () => {}, model, options = {} }: Served,
): Promise<Running> {
  const plugins = [memory(), history(), scripted(model ?? {})].map((plugin) => ({ plugin }));
  const cwd = import.meta.dirname;
  const kernel = await createKernel({
    plugins,
    settings: { provider: 'scripted', approval: 'never', cwd, roots: [cwd] },
  });
  const ending = new AbortController();
  const logged: string[] = [];
  const server = new RunningServer({
    options,
    connect: (name) => kernel.client(name),
    log: (message) => logged.push(message),
    signal: ending.signal,
    load: () => Promise.resolve({ methods, serve }),
  });
  t.after(async () => {
    ending.abort();
    await server[Symbol.asyncDispose]();
    await kernel[Symbol.asyncDispose]();
  });
  return { server, kernel, logged, connect: () => new Peer(server) };
}

/** One client. It reads when it is asked for something, and not before. */
export class Peer {
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  readonly served: Promise<void>;
  readonly #messages: AsyncIterator<unknown>;

  constructor(server: RunningServer) {
    const streams = { input: this.input, output: this.output, name: 'peer' };
    this.served = server.serve(streamTransport({ ...streams, signal: server.signal }));
    this.#messages = linesOf(this.output, 1e9)[Symbol.asyncIterator]();
  }

  /** Sends messages, or lines as they are. */
  send(...messages: readonly (object | string)[]): void {
    for (const one of messages)
      this.input.write(`${typeof one === 'string' ? one : JSON.stringify(one)}\n`);
  }

  /** The next thing the server says. */
  async next(): Promise<Said> {
    const { value, done } = await this.#messages.next();
    if (done === true) throw new Error('the server has closed the connection');
    return JSON.parse(String(value)) as Said; // written by the server
  }

  /** The next that fits; what comes before it is dropped. */
  async find(fits: (said: Said) => boolean): Promise<Said> {
    for (;;) {
      const said = await this.next();
      if (fits(said)) return said;
    }
  }

  /** Sends a request and gives its answer. */
  async ask(id: number | string, name: string, params?: object): Promise<Said> {
    this.send({ id, method: name, ...(params === undefined ? {} : { params }) });
    return this.find((said) => said.id === id && said.method === undefined);
  }

  /** Shakes hands. */
  async hello(capabilities: object = {}): Promise<this> {
    await this.ask('hello', 'initialize', { clientInfo: { name: 'peer' }, capabilities });
    this.send({ method: 'initialized' });
    return this;
  }

  /** Says no more; resolves when the server has let it go. */
  async leave(): Promise<void> {
    this.input.end();
    await this.served;
  }
}
