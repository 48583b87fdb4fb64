/** The openai client over the kernel's only door, and what its errors mean. */

import type { ClientOptions, OpenAI } from 'openai';

import { KernelError, ModelError } from '../../../core/index.ts';
import type { ModelContext } from '../../../core/index.ts';
import {
  type Asked,
  type ErrorWords,
  failureOf,
  refusalError,
  refusalIn,
  retryAfterOf,
} from './failure.ts';
import type { ProviderOptions } from './provider.ts';
import { ThinHeaders } from './thin-globals.ts';

/** A question: the body is JSON and sent as it is; without one it is a GET. */
export interface Question extends Omit<Asked, 'secrets'> {
  readonly options: ProviderOptions;
  readonly path: string;
  readonly body?: string;
}

const defaultIdleMs = 300_000;
const defaultHeadersMs = 60_000;
/** The most that is read of an error's text. */
const maxErrorBytes = 64 * 1024;

/**
 * One question on its way: follows the caller's signal, and gives up by itself when the server falls silent. To be
 * disposed when its answer has been read.
 */
export class Exchange implements Disposable {
  readonly asked: Asked;
  readonly #question: Question;
  readonly #context: ModelContext;
  readonly #idleMs: number;
  readonly #own = new AbortController();
  readonly #follow = () => this.#own.abort(this.#context.signal.reason);
  #timer: NodeJS.Timeout | undefined;
  #isIdle = false;

  constructor(question: Question, context: ModelContext) {
    this.asked = askedBy(question);
    this.#question = question;
    this.#context = context;
    this.#idleMs = question.options.idleTimeoutMs ?? defaultIdleMs;
    context.signal.addEventListener('abort', this.#follow, { once: true });
    if (context.signal.aborted) this.#follow();
  }

  /** Aborted with the caller's, or when nothing came for too long. */
  get signal(): AbortSignal {
    return this.#own.signal;
  }

  /** Resolves with the answer's headers when it is a good one. What it throws is told by `meaning`. */
  async send(): Promise<ThinAnswer> {
    const { path, body } = this.#question;
    const { OpenAI: Client } = await import('openai');
    const client = makeClient(Client, this.#question, (url, request) => this.#fetch(url, request));
    const how = { stream: true, signal: this.signal };
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
    const sent =
      body === undefined ? client.get(path, how) : client.post(path, { ...how, body, headers });
    // What the thin fetch gave comes out as it went in.
    return (await sent.asResponse()) as unknown as ThinAnswer;
  }

  /** Something came: the server is not silent. */
  touch(): void {
    this.#timer?.refresh();
  }

  /** What an error on the way means: a ModelError, `denied` of the gate, or `aborted`. */
  meaning(error: unknown): KernelError {
    const { signal } = this.#context;
    if (signal.aborted) return new KernelError('aborted', 'the answer was interrupted');
    if (this.#isIdle) return silent(this.asked, this.#idleMs);
    return failureOf(refusalOf(error, this.asked) ?? error, this.asked);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#context.signal.removeEventListener('abort', this.#follow);
  }

  /** The kernel's only door as a fetch; the real one would load undici. */
  async #fetch(url: string, { method, headers, body, signal }: ThinRequest): Promise<ThinAnswer> {
    const { proxy, headersTimeoutMs = defaultHeadersMs, ca } = this.#question.options;
    const { effects } = this.#context;
    const answer = await effects.fetch(url, {
      method,
      headers: Object.fromEntries(headers),
      body,
      signal,
      proxy,
      timeoutMs: headersTimeoutMs,
      ca: await certificates(ca, effects),
    });
    this.#timer = setTimeout(() => {
      this.#isIdle = true;
      this.#own.abort();
    }, this.#idleMs);
    return {
      ok: answer.status >= 200 && answer.status < 300,
      status: answer.status,
      url,
      headers: new ThinHeaders(answer.headers),
      body: answer.body,
      text: () => readText(answer.body, maxErrorBytes),
    };
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

/** What the client wants of an answer, and gives as it is. */
export interface ThinAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly url: string;
  readonly headers: ThinHeaders;
  readonly body: AsyncIterable<Uint8Array>;
  readonly text: () => Promise<string>;
}

type ThinFetch = (url: string, request: ThinRequest) => Promise<ThinAnswer>;

async function certificates(
  ca: string | undefined,
  effects: ModelContext['effects'],
): Promise<string | undefined> {
  if (ca === undefined || ca.includes('-----BEGIN')) return ca;
  return Buffer.from(await effects.read(ca)).toString();
}

/** The text of a body up to about so many bytes; what is over lets go of the connection. */
export async function readText(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= maxBytes) break;
  }
  return Buffer.concat(chunks).toString();
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
