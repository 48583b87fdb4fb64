/** What the app server listens on. */

import { createServer } from 'node:http';
import { makeToken } from '../serving/access.ts';
import { type Address, hostInUrl, isLoopback } from '../serving/address.ts';
import { answerPlain } from '../serving/answers.ts';
import {
  attach,
  type HttpService,
  listenHttp,
  type Listener,
  listenSocket,
} from '../serving/listen.ts';
import { page } from './page.ts';
import type { RunningServer } from './server.ts';
import type { Transport } from './transport.ts';
import { HttpSessions } from './transports/http.ts';
import { socketReader } from './transports/unix.ts';
import { type Upgrade, webSockets } from './transports/websocket.ts';

interface Listened {
  readonly server: RunningServer;
  readonly signal: AbortSignal;
}

type Listening = Exclude<Address, { kind: 'stdio' }>;

/** Opens all of them; the addresses, and a token that was made, are told on stderr. Throws as `listenHttp` does. */
export async function listenOn(
  addresses: readonly Listening[],
  { server, signal }: Listened,
): Promise<AsyncDisposable> {
  await using scope = new AsyncDisposableStack();
  const { token, isNew } = makeToken(process.env);
  const serve = (transport: Transport) => void server.serve(transport);
  const onUpgrade = await webSockets(serve);
  const service = (address: Listening) => serviceOf(address, { serve, onUpgrade, log: server.log });
  for (const address of addresses) {
    const listener = scope.use(
      await listen(address, { service: service(address), token, serve, signal }),
    );
    tell(address, listener, server.log);
    if (isNew && address.kind === 'http')
      server.log(`in a browser: ${listener.address}/#token=${token}`);
  }
  if (isNew && addresses.some(({ kind }) => kind !== 'unix')) server.log(`the token is ${token}`);
  return scope.move();
}

interface Means {
  readonly service: HttpService;
  readonly token: string;
  readonly serve: (transport: Transport) => void;
  readonly signal: AbortSignal;
}

async function listen(address: Listening, means: Means): Promise<Listener> {
  if (address.kind !== 'unix') return listenHttp({ ...address, ...means });
  const http = createServer();
  attach(http, means.service);
  return listenSocket({ path: address.path, onSocket: socketReader({ http, ...means }) });
}

interface Servers {
  readonly serve: (transport: Transport) => void;
  readonly onUpgrade: Upgrade;
  readonly log: (message: string) => void;
}

function serviceOf({ kind }: Listening, { serve, onUpgrade, log }: Servers): HttpService {
  if (kind !== 'http')
    return {
      onRequest: (_, response) => answerPlain(response, 426, 'expected a WebSocket'),
      onUpgrade,
      log,
    };
  const sessions = new HttpSessions(serve);
  return {
    onRequest: (request, response) => sessions.answer(request, response),
    onUpgrade,
    page,
    log,
  };
}

function tell(
  address: Listening,
  { address: url }: Listener,
  log: (message: string) => void,
): void {
  log(
    `listening on ${address.kind === 'unix' ? `unix://${url}` : url.replace('http', address.kind)}`,
  );
  if (address.kind !== 'unix' && !isLoopback(address.host))
    log(`${hostInUrl(address.host)} can be reached from other machines, and nothing is encrypted`);
}
