/** A listener on this machine for one visit of the user's browser, as native programs log in (RFC 8252, 7.3). */

import { createServer } from 'node:http';

/** Where the browser is sent back to, and what it came with. */
export interface Loopback extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/callback`. */
  readonly url: string;
  /** The query of the first visit, without its question mark. Rejects with the signal's reason, or after the time. */
  readonly visit: Promise<string>;
  /** From now on a visit whose `state` is another is none: whoever else knows the port cannot end the login. */
  readonly expect: (state: string) => void;
}

const path = '/callback';
const texts = {
  200: 'You can close this window and go back to the terminal.\n',
  400: 'This is no answer to the login that waits here.\n',
  404: 'Not here.\n',
} as const;
const headers = { 'content-type': 'text/plain; charset=utf-8', connection: 'close' };

/** Listens on a free port until disposed. `timeoutMs` is how long a visit is waited for. */
export async function openLoopback(signal: AbortSignal, timeoutMs: number): Promise<Loopback> {
  const { promise: visit, resolve, reject } = Promise.withResolvers<string>();
  visit.catch(() => {}); // told to whoever waits
  let wanted: string | null = null;
  const server = createServer(({ url = '/', method, headers: { host } }, response) => {
    const at = URL.parse(url, 'http://127.0.0.1');
    const isHere = at?.pathname === path && method === 'GET' && host === hostOf(port);
    const isMeant = wanted === null || at?.searchParams.get('state') === wanted;
    const status = isHere ? (isMeant ? 200 : 400) : 404;
    response.writeHead(status, headers).end(texts[status]);
    if (status === 200) resolve(at?.search.slice(1) ?? '');
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed).listen(0, '127.0.0.1', listening);
  });
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const onAbort = () => reject(signal.reason as Error); // what it was aborted with
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => reject(new Error('nobody came back from the login')), timeoutMs);
  return {
    url: `http://${hostOf(port)}${path}`,
    visit,
    expect: (state) => void (wanted = state),
    [Symbol.asyncDispose]: async () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function hostOf(port: number): string {
  return `127.0.0.1:${port}`;
}
