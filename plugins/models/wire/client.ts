/** Requests that the openai client makes and the kernel's only door carries, and what errors on the way mean. */

import type { ClientOptions, OpenAI } from 'openai';

import { KernelError, ModelError } from '../../../core/index.ts';
import type { FetchAnswer, ModelContext } from '../../../core/index.ts';
import {
  type Asked,
  type ErrorWords,
  failureOf,
  type Refusal,
  refusalError,
  refusalIn,
  retryAfterOf,
} from './failure.ts';
import type { ProviderOptions } from './provider.ts';

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

  /**
   * Resolves with the answer's headers when it is a good one. What it throws is told by `meaning`. The client makes the
   * request and does not send it: what it sends stays in memory until the next full garbage collection.
   */
  async send(): Promise<Answer> {
    const { path, body } = this.#question;
    const { OpenAI: Client } = await import('openai');
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
    const asked =
      body === undefined
        ? ({ method: 'get', path } as const)
        : ({ method: 'post', path, body, headers } as const);
    const { req, url } = await makeClient(Client, this.#question).buildRequest(asked);
    const answer = await this.#fetch(url, Object.fromEntries(req.headers));
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw refusalError(await refusalOf(answer), this.asked);
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
    return failureOf(error, this.asked);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#context.signal.removeEventListener('abort', this.#follow);
  }

  async #fetch(url: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const { body, options } = this.#question;
    const { proxy, headersTimeoutMs = defaultHeadersMs, ca } = options;
    const { effects } = this.#context;
    const answer = await effects.fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers,
      body,
      signal: this.signal,
      proxy,
      timeoutMs: headersTimeoutMs,
      ca: await certificates(ca, effects),
    });
    this.#timer = setTimeout(() => {
      this.#isIdle = true;
      this.#own.abort();
    }, this.#idleMs);
    return answer;
  }
}

function silent({ endpoint }: Asked, ms: number): ModelError {
  return new ModelError(
    'model_busy',
    `${endpoint.host} said nothing for ${ms / 1000} s in the middle of its answer, which is given up (option idleTimeoutMs)`,
  );
}

function makeClient(Client: typeof OpenAI, { endpoint, options }: Question): OpenAI {
  const { key, baseURL } = endpoint;
  const { organization, headers } = options;
  return new Client({
    baseURL,
    apiKey: key?.value ?? 'none',
    adminAPIKey: null,
    ...(organization === undefined ? {} : { organization }),
    logLevel: 'off',
    defaultHeaders: { ...(key === undefined ? { authorization: null } : {}), ...headers },
    fetch: sendsNothing,
  });
}

/** The client would look for the global one, which loads undici. */
const sendsNothing: ClientOptions['fetch'] = () => {
  throw new KernelError('internal', 'the openai client only makes requests here');
};

/** What of an answer is read. */
export type Answer = Pick<FetchAnswer, 'status' | 'headers' | 'body'>;

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

/** An HTTP answer that is a no: the error object in it, else its text. */
async function refusalOf({ status, headers, body }: Answer): Promise<Refusal> {
  const text = await readText(body, maxErrorBytes);
  const said = refusalIn(errorIn(text) ?? { message: text });
  return { ...said, status, retryAfterMs: retryAfterOf((name) => headers[name] ?? null) };
}

function errorIn(text: string): ErrorWords | undefined {
  try {
    const { error }: { readonly error?: unknown } = Object(JSON.parse(text));
    if (typeof error === 'string') return { message: error };
    return typeof error === 'object' && error !== null ? error : undefined;
  } catch {
    return undefined;
  }
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
