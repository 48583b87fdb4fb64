/** A client over a wire: one JSON object a line over a socket, and nothing of the kernel but its `Client` behind it. */

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

import { KernelError } from '../../../core/index.ts';
import type {
  Client,
  ErrorCode,
  ErrorData,
  KernelEvent,
  Method,
  Params,
  StatusEvent,
  SubscribeOptions,
  ThreadEvent,
} from '../../../core/index.ts';

/** What goes to the server: a request, a request of a plugin, a subscription, its end. */
type Up =
  | { readonly id: number; readonly request: string; readonly params: unknown }
  | { readonly id: number; readonly call: string; readonly params: unknown }
  | { readonly id: number; readonly subscribe: SubscribeOptions }
  | { readonly id: number; readonly leave: true };
/** What comes back: an answer, an event of a subscription, its end, an event of the kernel. */
type Down =
  | { readonly id: number; readonly result?: unknown; readonly error?: ErrorData }
  | { readonly id: number; readonly event: ThreadEvent }
  | { readonly id: number; readonly closed: true }
  | { readonly heard: KernelEvent | StatusEvent };

const write = (socket: Socket, line: Up | Down) => socket.write(`${JSON.stringify(line)}\n`);

/** Serves `client` on 127.0.0.1 until the test ends, and gives a client of that server. */
export async function overWire(t: TestContext, client: Client): Promise<Client> {
  const server = createServer({ noDelay: true }, (socket) => void serve(socket, client));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  t.after(() => {
    socket.end();
    server.close();
  });
  return remote(socket, client.name);
}

async function serve(socket: Socket, client: Client): Promise<void> {
  const open = new Map<number, Disposable>();
  using _heard = client.listen((heard) => write(socket, { heard }));
  for await (const line of createInterface({ input: socket })) {
    const up = JSON.parse(line) as Up; // the other end is below
    if ('leave' in up) open.get(up.id)?.[Symbol.dispose]();
    else if ('subscribe' in up) void follow(socket, up.id, { client, open, options: up.subscribe });
    else void answer(socket, up, client);
  }
  for (const one of open.values()) one[Symbol.dispose]();
}

interface Following {
  readonly client: Client;
  readonly open: Map<number, Disposable>;
  readonly options: SubscribeOptions;
}

async function follow(socket: Socket, id: number, { client, open, options }: Following) {
  try {
    using events = client.subscribe(options);
    open.set(id, events);
    write(socket, { id, result: null });
    for await (const event of events) write(socket, { id, event });
    write(socket, { id, closed: true });
  } catch (error) {
    write(socket, { id, error: dataOf(error) });
  }
}

async function answer(
  socket: Socket,
  up: Exclude<Up, { readonly leave: true } | { readonly subscribe: unknown }>,
  client: Client,
) {
  try {
    // Names and parameters are the other end's, which has them from a client's caller.
    const result =
      'call' in up
        ? await client.call(up.call, up.params)
        : await client.request(up.request as Method, up.params as Params<Method>);
    write(socket, { id: up.id, result });
  } catch (error) {
    write(socket, { id: up.id, error: dataOf(error) });
  }
}

function dataOf(error: unknown): ErrorData {
  const { code, message, plugin } =
    error instanceof KernelError ? error : new KernelError('internal', String(error));
  return { code, message, plugin };
}

type Events = { readonly push: (event: ThreadEvent) => void; readonly end: () => void };

function remote(socket: Socket, name: string): Client {
  const answers = new Map<number, PromiseWithResolvers<unknown>>();
  const subscriptions = new Map<number, Events>();
  const listeners = new Set<(event: KernelEvent | StatusEvent) => void>();
  let count = 0;
  createInterface({ input: socket }).on('line', (line) => {
    const down = JSON.parse(line) as Down; // the other end is above
    if ('heard' in down) for (const hear of listeners) hear(down.heard);
    else if ('event' in down) subscriptions.get(down.id)?.push(down.event);
    else if ('closed' in down) subscriptions.get(down.id)?.end();
    else if (down.error === undefined) answers.get(down.id)?.resolve(down.result);
    else answers.get(down.id)?.reject(thrown(down.error));
  });
  const ask = <T>(make: (id: number) => Up): Promise<T> => {
    const id = ++count;
    const asked = Promise.withResolvers<unknown>();
    answers.set(id, asked);
    write(socket, make(id));
    return asked.promise as Promise<T>; // of the type that the request has in process
  };
  return {
    name,
    request: (method, params) => ask((id) => ({ id, request: method, params })),
    call: (method, params) => ask((id) => ({ id, call: method, params })),
    listen: (listener) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    subscribe: (options) => {
      const id = ++count;
      const stream = eventStream();
      subscriptions.set(id, stream);
      answers.set(id, { ...Promise.withResolvers<unknown>(), reject: stream.end });
      write(socket, { id, subscribe: options });
      const dispose = () => {
        subscriptions.delete(id);
        stream.end();
        write(socket, { id, leave: true });
      };
      return Object.assign(stream.events, { [Symbol.dispose]: dispose });
    },
  };
}

function thrown({ code, message, plugin }: ErrorData): KernelError {
  return new KernelError(code as ErrorCode, message, { plugin }); // the kernel's own codes
}

function eventStream(): Events & { readonly events: AsyncIterable<ThreadEvent> } {
  const waiting: ThreadEvent[] = [];
  let wake: (() => void) | undefined;
  let isEnded = false;
  async function* read(): AsyncGenerator<ThreadEvent> {
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      const event = waiting.shift();
      if (event !== undefined) yield event;
      else if (isEnded) return;
      else await promise;
    }
  }
  return {
    events: { [Symbol.asyncIterator]: read },
    push: (event) => {
      waiting.push(event);
      wake?.();
    },
    end: () => {
      isEnded = true;
      wake?.();
    },
  };
}
