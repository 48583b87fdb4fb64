/** One question to a model server over the openai client, and its answer as server-sent events. */

import type { ClientOptions, OpenAI } from 'openai';

import { KernelError, ModelError } from '../../../core/index.ts';
import type { ModelContext } from '../../../core/index.ts';
import { doneMark } from './answer.ts';
import {
  type Asked,
  type ErrorWords,
  failureOf,
  oneLine,
  refusalError,
  refusalIn,
  retryAfterOf,
} from './failure.ts';
import type { ProviderOptions } from './provider.ts';
import { SseParser, type SseEvent } from './sse.ts';
import { ThinHeaders } from './thin-globals.ts';

/** A question: the body is JSON, and sent as it is. */
export interface Question extends Omit<Asked, 'secrets'> {
  readonly options: ProviderOptions;
  readonly path: string;
  readonly body: string;
}

const defaultIdleMs = 300_000;
const defaultHeadersMs = 60_000;
/** How long the end of a body is waited for once the answer is complete, so that its connection can be used again. */
const endMs = 100;
/** The most that is read of an error's text. */
const maxErrorBytes = 64 * 1024;
const maxJsonBytes = 32 * 1024 * 1024;

/**
 * Asks, and gives the events of each read together. Ends with the answer, or when the consumer stops. Throws ModelError,
 * `denied` of the gate, or `aborted`; nothing is tried again.
 */
export async function* exchange(
  question: Question,
  context: ModelContext,
): AsyncGenerator<readonly SseEvent[], void, undefined> {
  const { OpenAI: Client } = await import('openai');
  const asked = askedBy(question);
  using watch = new Watch(context.signal, question.options.idleTimeoutMs ?? defaultIdleMs);
  try {
    const send = thinFetch(question, context, watch);
    const response = await makeClient(Client, question, send)
      .post(question.path, {
        body: question.body,
        headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
        stream: true,
        signal: watch.signal,
      })
      .asResponse();
    // What the thin fetch gave comes out as it went in.
    yield* readAnswer(response as unknown as ThinAnswer, asked, watch);
  } catch (error) {
    if (context.signal.aborted) throw new KernelError('aborted', 'the answer was interrupted');
    if (watch.isIdle) throw silent(asked, watch.idleMs);
    throw failureOf(refusalOf(error, asked) ?? error, asked);
  }
}

function silent({ endpoint }: Asked, ms: number): ModelError {
  return new ModelError(
    'model_busy',
    `${endpoint.host} said nothing for ${ms / 1000} s in the middle of its answer, which is given up (option idleTimeoutMs)`,
  );
}

function makeClient(
  Client: typeof OpenAI,
  { endpoint, options }: Question,
  send: ThinFetch,
): OpenAI {
  const { key, baseURL } = endpoint;
  const { organization, headers, headersTimeoutMs = defaultHeadersMs } = options;
  return new Client({
    baseURL,
    apiKey: key?.value ?? 'none',
    adminAPIKey: null,
    ...(organization === undefined ? {} : { organization }),
    maxRetries: 0,
    // Ours comes first, with a better message.
    timeout: headersTimeoutMs + 5000,
    logLevel: 'off',
    defaultHeaders: { ...(key === undefined ? { authorization: null } : {}), ...headers },
    // The client asks for no more of a fetch than this.
    fetch: send as unknown as ClientOptions['fetch'],
  });
}

/** What the client hands to its fetch. */
interface ThinRequest {
  readonly method: string;
  readonly headers: Iterable<readonly [string, string]>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** What the client wants of an answer. */
interface ThinAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly url: string;
  readonly headers: ThinHeaders;
  readonly body: AsyncIterable<Uint8Array>;
  readonly text: () => Promise<string>;
}

type ThinFetch = (url: string, request: ThinRequest) => Promise<ThinAnswer>;

/** The kernel's only door as a fetch; the real one would load undici. */
function thinFetch({ options }: Question, { effects }: ModelContext, watch: Watch): ThinFetch {
  const { proxy, headersTimeoutMs = defaultHeadersMs } = options;
  return async (url, { method, headers, body, signal }) => {
    const ca = await certificates(options.ca, effects);
    const sent = { method, headers: Object.fromEntries(headers), body, signal };
    const answer = await effects.fetch(url, { ...sent, timeoutMs: headersTimeoutMs, proxy, ca });
    watch.start();
    return {
      ok: answer.status >= 200 && answer.status < 300,
      status: answer.status,
      url,
      headers: new ThinHeaders(answer.headers),
      body: answer.body,
      text: () => readText(answer.body, maxErrorBytes),
    };
  };
}

async function certificates(
  ca: string | undefined,
  effects: ModelContext['effects'],
): Promise<string | undefined> {
  if (ca === undefined || ca.includes('-----BEGIN')) return ca;
  return Buffer.from(await effects.read(ca)).toString();
}

async function readText(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= maxBytes) break;
  }
  return Buffer.concat(chunks).toString();
}

async function* readAnswer(
  { headers, body, status }: ThinAnswer,
  asked: Asked,
  watch: Watch,
): AsyncGenerator<readonly SseEvent[], void, undefined> {
  const type = headers.get('content-type') ?? '';
  if (/^text\/html/iu.test(type)) {
    const page = oneLine(await readText(body, maxErrorBytes));
    const { host, baseURL } = asked.endpoint;
    throw new ModelError(
      'model_refused',
      `expected the events of an answer from ${host}, but got ${page || 'a web page'}: check the base URL, ${baseURL}`,
      { status },
    );
  }
  if (/^application\/json/iu.test(type)) {
    const data = await readText(body, maxJsonBytes);
    yield [{ event: 'message', data, id: '' }];
  } else yield* readEvents(body, watch);
}

async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  watch: Watch,
): AsyncGenerator<readonly SseEvent[], void, undefined> {
  const chunks = body[Symbol.asyncIterator]();
  const parser = new SseParser();
  let isOpen = true;
  const next = async () => {
    isOpen = false; // a read that fails leaves nothing to end
    const read = await chunks.next();
    isOpen = read.done !== true;
    return read;
  };
  try {
    for (;;) {
      const read = await next();
      if (read.done === true) return;
      watch.touch();
      const events = parser.push(read.value);
      if (events.length > 0) yield events;
      if (!parser.done) continue;
      yield [{ event: 'message', data: doneMark, id: '' }];
      return;
    }
  } finally {
    if (isOpen) await endBody(chunks, watch.signal);
  }
}

/** Reads a body to its end if that is near, else lets its connection go. */
async function endBody(chunks: AsyncIterator<Uint8Array>, signal: AbortSignal): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<true>();
  const timer = setTimeout(resolve, signal.aborted ? 0 : endMs, true);
  const ended = async () => {
    while ((await chunks.next()).done !== true);
    return false;
  };
  const isLate = await Promise.race([ended().catch(() => false), late]);
  clearTimeout(timer);
  if (isLate) void Promise.resolve(chunks.return?.()).catch(() => {});
}

/** An error of the client that stands for an HTTP answer, as our own. */
function refusalOf(error: unknown, asked: Asked): ModelError | undefined {
  const { status, code, error: body, headers, message = '' } = Object(error) as Partial<HttpError>; // members are checked
  if (typeof status !== 'number') return undefined;
  // Without an error object the client's message is the status and the text of the answer.
  const text = message.replace(new RegExp(`^${status} `, 'u'), '');
  const said = refusalIn({ type: body?.type, code, message: body?.message ?? text });
  const retryAfterMs = retryAfterOf((name) => headers?.get(name) ?? null);
  return refusalError({ ...said, status, retryAfterMs }, asked);
}

interface HttpError {
  readonly status: unknown;
  readonly code: unknown;
  readonly error: ErrorWords | undefined;
  readonly headers: ThinHeaders;
  readonly message: string;
}

/** Shorter ones are no secrets, and hiding them would garble messages. */
const minSecret = 4;

/** Who is asked for what, with what messages must hide. */
export function askedBy(question: Question): Asked {
  return { ...question, secrets: secretsOf(question) };
}

function secretsOf({ endpoint, options }: Question): readonly string[] {
  const secret = Object.entries(options.headers ?? {}).filter(([name]) =>
    /auth|key|token|secret|cookie/iu.test(name),
  );
  const values = secret.flatMap(([, value]) => [value, value.replace(/^\S+ /u, '')]);
  return [endpoint.key?.value ?? '', ...values].filter(({ length }) => length >= minSecret);
}

/** Follows the caller's signal, and aborts by itself when nothing comes for too long. */
class Watch implements Disposable {
  readonly idleMs: number;
  readonly #outer: AbortSignal;
  readonly #own = new AbortController();
  readonly #follow = () => this.#own.abort(this.#outer.reason);
  #timer: NodeJS.Timeout | undefined;
  isIdle = false;

  constructor(outer: AbortSignal, idleMs: number) {
    this.#outer = outer;
    this.idleMs = idleMs;
    outer.addEventListener('abort', this.#follow, { once: true });
    if (outer.aborted) this.#follow();
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  start(): void {
    this.#timer ??= setTimeout(() => {
      this.isIdle = true;
      this.#own.abort();
    }, this.idleMs);
  }

  touch(): void {
    this.#timer?.refresh();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#follow);
  }
}
