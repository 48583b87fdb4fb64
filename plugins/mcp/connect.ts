/** Connects to a server: the SDK's client over a transport of ours. The SDK is loaded here, and only here. */

import { pathToFileURL } from 'node:url';

import type * as sdkModule from '@modelcontextprotocol/client';
import type {
  Client,
  ClientOptions,
  OAuthClientProvider,
  Transport,
} from '@modelcontextprotocol/client';

import { type Host, messageOf, type Process, type SpawnRequest } from '../../core/index.ts';
import type { ActiveCalls } from './active-calls.ts';
import { elicit } from './elicitation.ts';
import { fetchFor } from './http-fetch.ts';
import { sample } from './sampling.ts';
import { passOverBadEntries } from './list-entries.ts';
import type { RemoteServer, ServerConfig, StdioServer } from './server-config.ts';
import { StdioTransport } from './stdio-transport.ts';
import { oneLine } from './text.ts';

/** How long a program may take to say whether it knows versions from 2026 on, before it is taken not to. */
const probeMs = 4000;

/** What connecting needs, and whom it tells. */
export interface ConnectOptions {
  readonly host: Host;
  readonly version: string;
  readonly roots: readonly string[];
  readonly calls: ActiveCalls;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** It was found to know no version from 2026 on. */
  readonly isLegacy: boolean;
  readonly spawn: (
    server: StdioServer,
    request: Pick<SpawnRequest, 'stdin' | 'onOutput'>,
  ) => Promise<Process>;
  /** For a server that wants a login. */
  readonly auth: (server: RemoteServer, sdk: Sdk) => OAuthClientProvider | undefined;
  readonly onListChanged: (what: 'tools' | 'prompts' | 'resources') => void;
  readonly onResource: (uri: string) => void;
  readonly onLog: (message: string) => void;
}

/** The SDK's module. */
export type Sdk = typeof sdkModule;

/** A server that answers. */
export interface Connection {
  readonly sdk: Sdk;
  readonly client: Client;
  /** What is to be said of its process, when it has one that ended. */
  readonly story: () => string;
  /** Told once, when it has ended by itself or was closed. */
  readonly onClose: (listener: () => void) => void;
  readonly close: () => Promise<void>;
}

/** Starts or reaches a server and agrees on a version. Throws what went wrong, with all that is known of it. */
export async function connect(server: ServerConfig, options: ConnectOptions): Promise<Connection> {
  const sdk = await import('@modelcontextprotocol/client');
  return server.type === 'stdio'
    ? connectProgram(server, sdk, options)
    : connectRemote(server, sdk, options);
}

async function connectProgram(
  server: StdioServer,
  sdk: Sdk,
  options: ConnectOptions,
): Promise<Connection> {
  let hasEnded = false;
  const attempt = async (isLegacy: boolean) => {
    const transport = new StdioTransport({
      spawn: (request) => options.spawn(server, request),
      parse: sdk.parseJSONRPCMessage,
      log: options.onLog,
    });
    const client = makeClient(server, sdk, options);
    try {
      await open(client, transport, { ...options, isLegacy, sdk });
      passOverBadEntries(transport, sdk, options.onLog);
    } catch (error) {
      hasEnded = transport.hasEnded;
      // How it ends when we end it is no part of what went wrong.
      const soFar = transport.story();
      await transport.close();
      const story = hasEnded ? transport.story() : soFar;
      const message = story === '' ? messageOf(error) : `${messageOf(error)} (${story})`;
      // What the SDK says of a closed connection is of no use where it is known how the program ended.
      throw new Error(hasEnded ? story : message, { cause: error });
    }
    const story = () => transport.story();
    return { sdk, client, story, onClose: closing(client), close: () => transport.close() };
  };
  if (options.isLegacy) return attempt(true);
  try {
    return await attempt(false);
  } catch (error) {
    // Some end when they are asked what they do not know before the handshake.
    if (options.signal.aborted || !hasEnded) throw error;
    return attempt(true);
  }
}

/** Whether a server answers a ping, or what took its place in 2026, within `timeout` ms. An error is an answer. */
export async function stillAnswers({ client, sdk }: Connection, timeout: number): Promise<boolean> {
  const { SdkError, SdkErrorCode } = sdk;
  const isLegacy = client.getProtocolEra() === 'legacy';
  const answer = isLegacy
    ? client.ping({ timeout })
    : client.request({ method: 'server/discover' }, { timeout });
  return answer.then(
    () => true,
    (error) => !(error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout),
  );
}

function closing(client: Client): Connection['onClose'] {
  const listeners = new Set<() => void>();
  Object.assign(client, { onclose: () => listeners.forEach((tell) => tell()) });
  return (listener) => void listeners.add(listener);
}

/** Streamable HTTP; where the server answers that it knows no such thing, the older SSE. */
async function connectRemote(
  server: RemoteServer,
  sdk: Sdk,
  options: ConnectOptions,
): Promise<Connection> {
  const authProvider = options.auth(server, sdk);
  const fetch = fetchFor(options.host.effects, server);
  const shared = { fetch, ...(authProvider === undefined ? {} : { authProvider }) };
  const attempt = async (type: 'http' | 'sse') => {
    const url = new URL(server.url);
    const isSse = type === 'sse';
    const transport = isSse
      ? new sdk.SSEClientTransport(url, shared)
      : new sdk.StreamableHTTPClientTransport(url, shared);
    const client = makeClient(server, sdk, options);
    try {
      await open(client, transport, { ...options, sdk, isLegacy: isSse || options.isLegacy });
      passOverBadEntries(transport, sdk, options.onLog);
    } catch (error) {
      await client.close().catch(() => {});
      throw error;
    }
    const close = async () => {
      if ('terminateSession' in transport) await quickly(transport.terminateSession());
      await client.close();
    };
    return { sdk, client, story: () => '', onClose: closing(client), close };
  };
  if (server.type === 'sse') return attempt('sse');
  try {
    return await attempt('http');
  } catch (error) {
    if (options.signal.aborted || !isOlder(error, sdk)) throw error;
    return attempt('sse').catch(() => {
      throw error;
    });
  }
}

/** By the specification: 400, 404 or 405 to the first request. */
function isOlder(error: unknown, { SdkHttpError }: Sdk): boolean {
  const causes = [error, error instanceof Error ? error.cause : undefined];
  return causes.some(
    (one) => one instanceof SdkHttpError && [400, 404, 405].includes(one.status ?? 0),
  );
}

/** A farewell that takes no longer than it is worth. */
async function quickly(farewell: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, 300);
  await Promise.race([farewell.catch(() => {}), promise]);
  clearTimeout(timer);
}

async function open(
  client: Client,
  transport: Transport,
  { signal, timeoutMs, isLegacy, sdk }: ConnectOptions & { readonly sdk: Sdk },
): Promise<void> {
  try {
    await client.connect(transport, {
      signal,
      timeout: timeoutMs,
      ...(isLegacy ? { prior: { kind: 'legacy' } } : {}),
    });
  } catch (error) {
    throw inPlainWords(error, sdk, timeoutMs);
  }
}

/** The SDK's own affairs, which stand before what is wrong. */
const affairs =
  /^(?:Version negotiation probe failed|Error POSTing to endpoint(?: \(HTTP \d+\))?): /;

/** What the SDK says of a request that failed, in words of ours; `timeoutMs` is the limit it had. The cause stays. */
export function inPlainWords(
  error: unknown,
  { SdkError, SdkErrorCode, SdkHttpError }: Sdk,
  timeoutMs = 0,
): unknown {
  const isLate = error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout;
  if (isLate) return new Error(`it did not answer within ${timeoutMs} ms`, { cause: error });
  const said = messageOf(error);
  if (!affairs.test(said)) return error;
  const status = error instanceof SdkHttpError ? error.status : undefined;
  const answered = status === undefined ? '' : `HTTP ${status}: `;
  const cause = error instanceof SdkHttpError ? error : (Object(error).cause ?? error);
  return new Error(`${answered}${oneLine(said.replace(affairs, ''), 1000)}`, { cause });
}

function makeClient(server: ServerConfig, sdk: Sdk, options: ConnectOptions): Client {
  const { version, onListChanged, timeoutMs } = options;
  const onChanged = (what: 'tools' | 'prompts' | 'resources') => ({
    autoRefresh: false,
    onChanged: () => onListChanged(what),
  });
  const clientOptions: ClientOptions = {
    capabilities: {
      elicitation: { form: { applyDefaults: true }, url: {} },
      sampling: {},
      roots: { listChanged: false },
    },
    versionNegotiation: { mode: 'auto', probe: { timeoutMs: Math.min(timeoutMs, probeMs) } },
    listChanged: {
      tools: onChanged('tools'),
      prompts: onChanged('prompts'),
      resources: onChanged('resources'),
    },
    inputRequired: { maxRounds: 20 },
  };
  const client = new sdk.Client({ name: 'spindle', version }, clientOptions);
  answerServer(client, server.name, options);
  const onerror = (error: unknown) => options.onLog(oneLine(messageOf(error)));
  Object.assign(client, { onerror });
  return client;
}

/** What a server may ask of us: the user, the model, the folders. A ping is answered by the SDK. */
function answerServer(
  client: Client,
  server: string,
  { calls, host, roots, onLog, onResource }: ConnectOptions,
) {
  client.setRequestHandler('elicitation/create', ({ params }) =>
    elicit(params, { server, call: calls.latest }),
  );
  client.setRequestHandler('sampling/createMessage', ({ params }) =>
    sample(params, { server, call: calls.latest, host }),
  );
  client.setRequestHandler('roots/list', () => {
    const settings = calls.latest?.context.call.settings;
    const folders = settings?.roots ?? roots;
    return { roots: folders.map((path) => ({ uri: pathToFileURL(path).href })) };
  });
  client.setNotificationHandler('notifications/message', ({ params: { level, data, logger } }) => {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    onLog(
      `${level}${logger === undefined ? '' : ` ${oneLine(logger, 40)}`}: ${oneLine(text, 1000)}`,
    );
  });
  client.setNotificationHandler('notifications/resources/updated', ({ params }) =>
    onResource(params.uri),
  );
}
