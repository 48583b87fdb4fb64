/** HTTP over `node:http`, loaded when first used (a static import or global fetch would cost 20 ms at start). */

import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';

import type { FetchAnswer, FetchRequest } from './contracts.ts';
import { KernelError, messageOf } from './errors.ts';

/** Kept-alive connections, one pool for each proxy and set of certificates. Disposing closes them. */
export class Connections implements Disposable {
  readonly #agents = new Map<string, Agent>();

  agent(url: URL, request: FetchRequest): Agent {
    const key = [url.protocol, request.proxy ?? '', request.ca ?? ''].join('\n');
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    const agent = makeAgent(url, request);
    this.#agents.set(key, agent);
    return agent;
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }
}

function makeAgent(url: URL, request: FetchRequest): Agent {
  const { proxy, ca } = request;
  const proxyEnv = proxy === undefined ? process.env : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy };
  const options = { keepAlive: true, proxyEnv };
  if (url.protocol === 'http:') return new (process.getBuiltinModule('node:http').Agent)(options);
  const trusted =
    ca === undefined
      ? {}
      : { ca: [...process.getBuiltinModule('node:tls').getCACertificates('default'), ca] };
  return new (process.getBuiltinModule('node:https').Agent)({ ...options, ...trusted });
}

/** One request; resolves with the answer's headers. Redirects are not followed. Throws `unreachable` without an answer. */
export async function fetchUrl(
  connections: Connections,
  url: string,
  request: FetchRequest,
): Promise<FetchAnswer> {
  const target = parseUrl(url);
  try {
    return answerOf(await send(connections, target, request), request.signal);
  } catch (error) {
    throw fetchError(error, target, request);
  }
}

function parseUrl(url: string): URL {
  const target = URL.parse(url);
  if (target !== null && (target.protocol === 'http:' || target.protocol === 'https:'))
    return target;
  throw new KernelError(
    'invalid',
    `expected an http or https address, but got ${JSON.stringify(url)}`,
  );
}

function send(connections: Connections, url: URL, request: FetchRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const attempt = (isLast: boolean) => {
    const sent = open(connections, url, request);
    const timer =
      request.timeoutMs === undefined
        ? undefined
        : setTimeout(() => sent.destroy(new TimeoutError()), request.timeoutMs);
    sent.once('response', (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    sent.once('error', (error) => {
      clearTimeout(timer);
      // The server closed an idle connection just as it was used again: nothing was answered, so ask once more.
      if (!isLast && sent.reusedSocket && 'code' in error && error.code === 'ECONNRESET')
        attempt(true);
      else reject(error);
    });
    sent.end(request.body);
  };
  attempt(false);
  return promise;
}

function open(connections: Connections, url: URL, request: FetchRequest): ClientRequest {
  const length =
    request.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(request.body)) };
  const options: RequestOptions = {
    method: request.method ?? 'GET',
    headers: { ...length, ...request.headers },
    agent: connections.agent(url, request),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  };
  const module = process.getBuiltinModule(url.protocol === 'http:' ? 'node:http' : 'node:https');
  return module.request(url, options);
}

function answerOf(message: IncomingMessage, signal: AbortSignal | undefined): FetchAnswer {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers))
    headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  const onAbort = () => message.destroy();
  signal?.addEventListener('abort', onAbort, { once: true });
  message.once('close', () => signal?.removeEventListener('abort', onAbort));
  return { status: message.statusCode ?? 0, headers, body: message, text: () => textOf(message) };
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of message) chunks.push(chunk as Uint8Array); // no encoding is set: chunks are bytes
  return Buffer.concat(chunks).toString();
}

class TimeoutError extends Error {}

function fetchError(error: unknown, url: URL, request: FetchRequest): KernelError {
  if (error instanceof KernelError) return error;
  if (request.signal?.aborted)
    return new KernelError('aborted', `the request to ${url.host} was interrupted`);
  if (error instanceof TimeoutError) {
    return new KernelError(
      'unreachable',
      `${url.host} did not answer within ${request.timeoutMs} ms`,
    );
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const why = messageOf(error) || code; // several addresses tried: an AggregateError without a message
  return new KernelError('unreachable', `cannot reach ${url.host}: ${why}`, { cause: error });
}
