/** What went wrong with a model server, as a ModelError that says what to do. */

import { KernelError, ModelError, messageOf } from '../../../core/index.ts';
import type { ErrorCode } from '../../../core/index.ts';
import type { Endpoint } from './provider.ts';
import { SseTooLongError } from './sse.ts';

/** Who was asked for what. */
export interface Asked {
  readonly endpoint: Endpoint;
  readonly model: string;
  readonly hasTools: boolean;
  /** What to try when the server does not know the address. */
  readonly otherApi: string;
  /** What must not show in messages. */
  readonly secrets: readonly string[];
}

/** A server's no: an HTTP answer, or an error in a stream (without status). */
export interface Refusal {
  readonly status?: number;
  readonly code?: string;
  readonly message: string;
  readonly retryAfterMs?: number;
}

interface Kind {
  readonly is: (refusal: Required<Omit<Refusal, 'retryAfterMs'>>, asked: Asked) => boolean;
  readonly code: ErrorCode;
  /** What to do, after the server's own words. */
  readonly advice?: (asked: Asked) => string;
}

const noTools =
  /(?:not|n't) support (?:tools?|function)|support tool use|tool-call-parser|requires? --jinja|(?:tools?|function calling|tool use) (?:is|are) not (?:enabled|supported)/iu;
const tooLong =
  /context[ _](?:length|window|size)|maximum context|(?:prompt|input) is too long|too many (?:input )?tokens|exceed_context/iu;
const noCredit = /insufficient_quota|billing|usage_limit|payment|credit/iu;
const busy = /overloaded|slow_down|rate_limit|server_error|timeout|unavailable|temporar/iu;
const aboutModel = /model/iu;

/** The first that fits counts. */
const kinds: readonly Kind[] = [
  {
    is: ({ message }, { hasTools }) => hasTools && noTools.test(message),
    code: 'model_config',
    advice: ({ model, endpoint }) =>
      `${model} cannot use tools there: choose a model that can (--model), or set providers.${endpoint.provider}.tools to false to talk without them`,
  },
  {
    is: ({ status, code, message }) =>
      status === 413 ||
      code.includes('context_length_exceeded') ||
      ([0, 400, 422, 500].includes(status) && tooLong.test(message)),
    code: 'model_context',
  },
  {
    is: ({ status, code }) => status === 402 || noCredit.test(code),
    code: 'model_refused',
    advice: ({ endpoint }) => `the account has no credit left: see to it at ${endpoint.host}`,
  },
  {
    is: ({ status }) => status === 401 || status === 403,
    code: 'model_refused',
    advice: keyAdvice,
  },
  {
    is: ({ status, code, message }) =>
      status === 404 && (code.startsWith('model') || aboutModel.test(message)),
    code: 'model_refused',
    advice: ({ model }) => `check the model's name, ${model} (--model, OPENAI_MODEL)`,
  },
  {
    is: ({ status }) => status === 404 || status === 405 || status === 501,
    code: 'model_refused',
    advice: ({ endpoint, otherApi }) => `check the base URL, ${endpoint.address}; ${otherApi}`,
  },
  {
    is: ({ status }) => status >= 300 && status < 400,
    code: 'model_refused',
    advice: ({ endpoint }) =>
      `redirects are not followed: set the base URL, ${endpoint.address}, to where it leads`,
  },
  {
    is: ({ status, code }) =>
      [408, 409, 425, 429].includes(status) || status >= 500 || (status === 0 && busy.test(code)),
    code: 'model_busy',
  },
];

const otherKind: Kind = { is: () => true, code: 'model_refused' };

function keyAdvice({ endpoint: { key, provider } }: Asked): string {
  return key === undefined
    ? `no key was sent: set OPENAI_API_KEY, or providers.${provider}.apiKey or .apiKeyEnv`
    : `the key is that of ${key.from}: check that it is whole, in force, and for this server`;
}

/** The `error` object of the OpenAI APIs, of which nothing is sure. */
export interface ErrorWords {
  readonly code?: unknown;
  readonly type?: unknown;
  readonly message?: unknown;
}

/** What an error object says. */
export function refusalIn(error: ErrorWords): Refusal {
  const words = [error.code, error.type].filter((one) => typeof one === 'string' && one !== '');
  const { message, code } = error;
  const text = typeof message === 'string' ? message : (JSON.stringify(message) ?? '');
  const isStatus = typeof code === 'number' && code >= 400 && code < 600;
  return { code: words.join(' '), message: text, ...(isStatus ? { status: code } : {}) };
}

/** The error that a server's no amounts to; without a kind of its own it is `model_refused`. */
export function refusalError(refusal: Refusal, asked: Asked): ModelError {
  const { status = 0, code = '', retryAfterMs } = refusal;
  const message = hide(oneLine(refusal.message), asked.secrets) || code || 'without a word';
  const kind = kinds.find(({ is }) => is({ status, code, message }, asked)) ?? otherKind;
  const advice = kind.advice === undefined ? '' : ` (${kind.advice(asked)})`;
  const said = status > 0 ? `answered ${status}` : 'stopped';
  const wait = retryAfterMs ?? (kind.code === 'model_busy' ? waitOf(message) : undefined);
  return new ModelError(kind.code, `${asked.endpoint.host} ${said}: ${message}${advice}`, {
    status: status > 0 ? status : undefined,
    retryAfterMs: wait,
  });
}

/** What any error on the way means. An abort is the caller's to recognise. */
export function failureOf(thrown: unknown, asked: Asked): KernelError {
  if (thrown instanceof ModelError) return thrown;
  const { host } = asked.endpoint;
  if (thrown instanceof SseTooLongError) return new ModelError('model_answer', thrown.message);
  const cause = causes(thrown).find((one) => one instanceof KernelError);
  if (cause?.code === 'unreachable') return unreachableError(cause, asked);
  if (cause !== undefined) return cause;
  const why = hide(oneLine(messageOf(thrown)), asked.secrets);
  const message = `the connection to ${host} was cut off before the end of the answer: ${why}`;
  return new ModelError('model_busy', message, { cause: thrown });
}

const untrusted = /SELF_SIGNED_CERT|UNABLE_TO_(?:VERIFY|GET_ISSUER)/u;

/** By error code, what to do. */
const advices: readonly (readonly [code: RegExp, advice: string])[] = [
  [untrusted, 'name the file of its authority in NODE_EXTRA_CA_CERTS or in the option ca'],
  [/CERT/u, 'its certificate is not valid for this address or time'],
  [/ENOTFOUND|EAI_AGAIN/u, 'there is no such host: check its name and your network'],
  [/ECONNREFUSED/u, 'nothing listens there: start the server, or check the port'],
  [/EPROTO|WRONG_VERSION/u, 'it does not speak TLS: try http:// in the base URL'],
  [/PROXY/u, 'the proxy does not let it through: check HTTPS_PROXY and NO_PROXY'],
];

const aboutProxy =
  'that is the proxy: check HTTPS_PROXY, HTTP_PROXY or the option proxy, and NO_PROXY for hosts that need none';

function unreachableError(error: KernelError, { endpoint, secrets }: Asked): ModelError {
  const codes = causes(error).map((one) => String(Object(one).code ?? ''));
  const [, known = 'check the base URL'] =
    advices.find(([pattern]) => codes.some((code) => pattern.test(code))) ?? [];
  const advice = causes(error).some((one) => isElsewhere(one, endpoint)) ? aboutProxy : known;
  const message = `${hide(error.message, secrets)} (${advice}; base URL ${endpoint.address})`;
  return new ModelError('model_unreachable', message, { cause: error });
}

/** Whether a connection (of Node's errors, with a port) was refused by something else than the host itself. */
function isElsewhere(cause: unknown, { baseURL }: Endpoint): boolean {
  const { code, port: refused }: { readonly code?: unknown; readonly port?: unknown } =
    Object(cause);
  const { port, protocol } = new URL(baseURL);
  const isRefused = code === 'ECONNREFUSED' && typeof refused === 'number';
  return isRefused && refused !== Number(port || ports[protocol]);
}

const ports: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** The error and what caused it, outermost first. */
function causes(thrown: unknown): readonly unknown[] {
  const found: unknown[] = [];
  for (let at = thrown; at instanceof Error && found.length < 8; at = at.cause) found.push(at);
  return found;
}

/** How long an answer's headers ask to wait, in ms: `retry-after-ms`, or Retry-After (RFC 9110, 10.2.3). */
export function retryAfterOf(header: (name: string) => string | null): number | undefined {
  const ms = Number.parseFloat(header('retry-after-ms') ?? '');
  if (ms >= 0) return ms;
  const value = header('retry-after') ?? '';
  if (/^\s*\d+(?:\.\d+)?\s*$/u.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** The wait that a message asks for, where no header does. */
function waitOf(message: string): number | undefined {
  const [, amount, unit] = /try again in ([\d.]+) ?(ms|s|m)/iu.exec(message) ?? [];
  if (amount === undefined) return undefined;
  return Number(amount) * (unit === 'ms' ? 1 : unit === 's' ? 1000 : 60_000);
}

const maxLine = 400;

/** A text as one line of bearable length; of a page its title. */
export function oneLine(text: string): string {
  const isPage = /^\s*<(?:!doctype|html|head|\?xml)/iu.test(text);
  const title = /<title[^>]*>([^<]*)/iu.exec(text)?.[1];
  const plain = isPage ? `a web page, ${title ?? 'without a title'}` : text;
  const line = plain
    .slice(0, maxLine * 4)
    .replaceAll(/\s+/gu, ' ')
    .trim();
  return line.length > maxLine ? `${line.slice(0, maxLine)}…` : line;
}

function hide(text: string, secrets: readonly string[]): string {
  return secrets.reduce((hidden, secret) => hidden.replaceAll(secret, '[key]'), text);
}
