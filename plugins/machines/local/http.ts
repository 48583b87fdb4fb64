/** HTTP over `node:http`, loaded when first used: a static import, or the global fetch, costs 20 ms at start. */

import type { Agent, IncomingMessage } from 'node:http';
import type * as https from 'node:https';

import {
  aborted,
  type FetchAnswer,
  type FetchRequest,
  invalid,
  KernelError,
  messageOf,
} from '../../../core/index.ts';
import { codeOf } from './files.ts';

/** Kept-alive connections, one pool for each proxy and set of certificates. Disposing closes them. */
export class Connections implements Disposable {
  readonly #agents = new Map<string, Agent>();

  agent(url: URL, { proxy, ca }: FetchRequest): Agent {
    const key = [url.protocol, proxy, ca].join('\n');
    const proxyEnv = proxy === undefined ? process.env : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy };
    const trusted = ca === undefined ? {} : { ca: [...systemCertificates(), ca] };
    const make = () => new (moduleOf(url).Agent)({ keepAlive: true, proxyEnv, ...trusted });
    const agent = this.#agents.get(key) ?? make();
    this.#agents.set(key, agent);
    return agent;
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }
}

function systemCertificates(): readonly string[] {
  return process.getBuiltinModule('node:tls').getCACertificates('default');
}

function moduleOf(url: URL): typeof https {
  const name = url.protocol === 'http:' ? 'node:http' : 'node:https';
  // The two have the same interface, as far as it is used here.
  return process.getBuiltinModule(name) as typeof https;
}

/**
 * One request; resolves with the answer's headers, or throws `unreachable`. With the method CONNECT nothing is sent: whoever
 * asked connects.
 */
export async function fetchUrl(
  pool: Connections,
  address: string,
  request: FetchRequest,
): Promise<FetchAnswer> {
  const url = httpUrl(address);
  if (request.method === 'CONNECT') return connectAnswer();
  const { signal, timeoutMs } = request;
  const limit = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  try {
    return answerOf(await send(pool, url, request, limit), signal);
  } catch (error) {
    if (signal?.aborted) throw aborted`the request to ${url.host} was interrupted`;
    const why = messageOf(error) || codeOf(error);
    const message = limit?.aborted ? `no answer within ${timeoutMs} ms` : why;
    throw new KernelError('unreachable', `cannot reach ${url.host}: ${message}`, { cause: error });
  }
}

function connectAnswer(): FetchAnswer {
  const body = { [Symbol.asyncIterator]: async function* () {} };
  return { status: 200, headers: {}, body, text: async () => '' };
}

function httpUrl(address: string): URL {
  const url = URL.parse(address);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw invalid`expected an http(s) address, but got "${address}"`;
}

async function send(
  pool: Connections,
  url: URL,
  request: FetchRequest,
  limit?: AbortSignal,
): Promise<IncomingMessage> {
  const { method = 'GET', headers, signal } = request;
  // A string would be copied three times on its way, once with thrice its length.
  const body = typeof request.body === 'string' ? Buffer.from(request.body) : request.body;
  const length = body === undefined ? {} : { 'content-length': body.length };
  const options = {
    method,
    headers: { ...length, ...headers },
    agent: pool.agent(url, request),
    signal,
  };
  const sent = moduleOf(url).request(url, options);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const onLimit = () => sent.destroy(new Error('too late'));
  limit?.addEventListener('abort', onLimit, { once: true });
  sent.once('response', resolve).on('error', reject).end(body);
  try {
    return await promise;
  } catch (error) {
    // The server closed an idle connection just as it was used again: nothing was answered, so ask once more.
    if (sent.reusedSocket && codeOf(error) === 'ECONNRESET')
      return await send(pool, url, request, limit);
    throw error;
  } finally {
    limit?.removeEventListener('abort', onLimit);
  }
}

function answerOf(message: IncomingMessage, signal?: AbortSignal): FetchAnswer {
  const onAbort = () => message.destroy();
  signal?.addEventListener('abort', onAbort, { once: true });
  message.once('close', () => signal?.removeEventListener('abort', onAbort));
  const headers = Object.entries(message.headers).map(([name, value]) => [name, String(value)]);
  const text = async () => Buffer.concat(await Array.fromAsync<Buffer>(message)).toString();
  return {
    status: message.statusCode ?? 0,
    headers: Object.fromEntries(headers),
    body: message,
    text,
  };
}
