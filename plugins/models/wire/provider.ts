/** What the plugins that talk to model servers have in common: their options, and where and as whom they ask. */

import { ModelError } from '../../../core/index.ts';
import type { Traits } from '../../../core/index.ts';
import { knownTraits } from './families.ts';

/** Options of a plugin that talks to a model server. */
export interface ProviderOptions {
  /** The name of plugin and provider, so that two can stand side by side. */
  readonly name?: string;
  /** The server's address, mostly ending in `/v1`. Default: `OPENAI_BASE_URL`, then the plugin's own. */
  readonly baseURL?: string;
  /** Default: `OPENAI_API_KEY`, then `CODEX_API_KEY`. */
  readonly apiKey?: string;
  /** The environment variable that holds the key. */
  readonly apiKeyEnv?: string;
  /** The model when neither settings nor `OPENAI_MODEL` name one. */
  readonly model?: string;
  /** Added to each request; they go before the plugin's own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** OpenAI's organization. Default: `OPENAI_ORG_ID`. */
  readonly organization?: string;
  /** Instead of the environment's proxy. */
  readonly proxy?: string;
  /** Certificates trusted beside the system's: PEM, or a file that holds them. */
  readonly ca?: string;
  /** How long the server may say nothing in the middle of an answer. Default 5 minutes. */
  readonly idleTimeoutMs?: number;
  /** How long it may take until its answer begins. Default 1 minute. */
  readonly headersTimeoutMs?: number;
  /** What the model can do, where the table of known models is wrong or does not know it. */
  readonly window?: number;
  readonly images?: boolean;
  readonly tools?: boolean;
  readonly efforts?: readonly string[];
  /** The most tokens of an answer; sent only when it is given here. */
  readonly output?: number;
}

/** A key, and where it is from, for messages. */
interface Key {
  readonly value: string;
  readonly from: string;
}

/** Where and as whom to ask. */
export interface Endpoint {
  readonly provider: string;
  readonly baseURL: string;
  /** The address for messages: without what may be secret in it. */
  readonly address: string;
  readonly host: string;
  readonly isOpenAI: boolean;
  readonly key: Key | undefined;
}

/** What the environment may say. */
type Environment = Readonly<Record<string, string | undefined>>;

export interface EndpointRules {
  readonly provider: string;
  readonly env: Environment;
  /** The address when nobody names one; without it that is an error. */
  readonly fallbackURL?: string;
  /** Whether the environment's key is only for the environment's address (and OpenAI's own). */
  readonly isKeyBound: boolean;
}

const keyNames = ['OPENAI_API_KEY', 'CODEX_API_KEY'];

/** Throws ModelError `model_config` that says what to set. Reads nothing but `env`. */
export function resolveEndpoint(options: ProviderOptions, rules: EndpointRules): Endpoint {
  const { provider, env } = rules;
  const { url, baseURL } = addressOf(options, rules);
  const isOpenAI = url.hostname === 'openai.com' || url.hostname.endsWith('.openai.com');
  const isEnvsOwn = isOpenAI || options.baseURL === undefined || !rules.isKeyBound;
  const key = ownKey(options, rules) ?? (isEnvsOwn ? keyOfEnvironment(env) : undefined);
  if (key === undefined && isOpenAI && !hasKeyHeader(options))
    throw config(
      `${url.host} needs a key: set OPENAI_API_KEY, or providers.${provider}.apiKey or .apiKeyEnv in your configuration; or set OPENAI_BASE_URL to a server that needs none`,
    );
  const { host, origin, pathname } = url;
  const address = `${origin}${pathname}`;
  return { provider, baseURL, address, host, isOpenAI, key: key && checkKey(key) };
}

/** The host that would be asked; '' when no address is set or it is none. */
export function hostOf(options: ProviderOptions, { env, fallbackURL }: EndpointRules): string {
  return URL.parse(options.baseURL ?? (env['OPENAI_BASE_URL'] || (fallbackURL ?? '')))?.host ?? '';
}

/** Whether a host (with or without port) is this machine. */
export function isLoopback(host: string): boolean {
  return /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/u.test(host);
}

function addressOf(
  options: ProviderOptions,
  { provider, env, fallbackURL }: EndpointRules,
): { readonly url: URL; readonly baseURL: string } {
  const baseURL = options.baseURL ?? (env['OPENAI_BASE_URL'] || fallbackURL);
  if (baseURL === undefined)
    throw config(
      `no address is set for ${provider}: set OPENAI_BASE_URL, or providers.${provider}.baseURL in your configuration, such as http://127.0.0.1:11434/v1 for Ollama`,
    );
  const url = URL.parse(baseURL);
  if (url !== null && /^https?:$/u.test(url.protocol)) return { url, baseURL };
  throw config(
    `expected an address such as https://host/v1 as the base URL of ${provider}, but got "${baseURL}"`,
  );
}

function hasKeyHeader({ headers = {} }: ProviderOptions): boolean {
  return Object.keys(headers).some((name) => /^(?:authorization|api-key)$/iu.test(name));
}

function ownKey(options: ProviderOptions, { provider, env }: EndpointRules): Key | undefined {
  const { apiKey, apiKeyEnv } = options;
  if (apiKey !== undefined) {
    const name = keyNames.find((one) => env[one] === apiKey);
    return { value: apiKey, from: name ?? `providers.${provider}.apiKey` };
  }
  if (apiKeyEnv === undefined) return undefined;
  const value = env[apiKeyEnv];
  if (!value)
    throw config(
      `expected the environment variable ${apiKeyEnv} to hold the key of ${provider}, but it is not set: set it, or change providers.${provider}.apiKeyEnv`,
    );
  return { value, from: apiKeyEnv };
}

function keyOfEnvironment(env: Environment): Key | undefined {
  const from = keyNames.find((name) => env[name]);
  return from === undefined ? undefined : { value: env[from] ?? '', from };
}

/** A key becomes a header: what no header may hold would look like a server that cannot be reached. */
function checkKey({ value, from }: Key): Key | undefined {
  const trimmed = value.trim();
  if (trimmed === '') return undefined;
  if (/^[\x21-\x7e]+$/u.test(trimmed)) return { value: trimmed, from };
  throw config(
    `expected a key of plain letters, digits and signs in ${from}, but it holds others (a space, a line end, a quotation mark of a word processor): copy it anew`,
  );
}

/** The model that the settings, the options, or the environment name. */
export function namedModel(
  wanted: string | undefined,
  options: ProviderOptions,
  { env }: Pick<EndpointRules, 'env'>,
): string | undefined {
  return wanted || options.model || env['OPENAI_MODEL'] || undefined;
}

/** That no model is named, and what to do. */
export function noModel(provider: string): ModelError {
  return config(
    `no model is named for ${provider}: pass --model NAME, set OPENAI_MODEL, or "model" in your configuration`,
  );
}

/** Whether images are shown to the model that options and environment name; a text stands for them otherwise. */
export function takesImages(options: ProviderOptions, { env }: EndpointRules): boolean {
  return withOptions(knownTraits(namedModel(undefined, options, { env }) ?? ''), options).images;
}

/** What is known of a model, with what the options say over it. */
export function withOptions(known: Traits, options: ProviderOptions): Traits {
  const { window, output, images, tools, efforts } = options;
  const given = Object.entries({ window, output, images, tools, efforts });
  return { ...known, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) };
}

function config(message: string): ModelError {
  return new ModelError('model_config', message);
}
