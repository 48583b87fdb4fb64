/**
 * Who may use a listener: whoever has its token. Programs send it with each request (RFC 6750, `Authorization: Bearer`);
 * a browser exchanges it once for a cookie. Pages of other sites and names that lead here by rebinding are refused.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback } from './address.ts';

/** What is looked at of a request. */
export interface Asking {
  readonly method?: string | undefined;
  /** Path and query. */
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Why a request is refused: an HTTP status, and a sentence for people. */
export interface Refusal {
  readonly status: 400 | 401 | 403;
  readonly reason: string;
}

interface Place {
  /** Where it listens, and what it was told to. */
  readonly host: string;
  readonly port: number;
}

/** How many browsers may be logged in; the first to come is the first to go. */
const maxCookies = 64;

/** The token that `SPINDLE_TOKEN` holds, or a new one. */
export function makeToken(env: Readonly<Record<string, string | undefined>>): {
  readonly token: string;
  readonly isNew: boolean;
} {
  const given = env['SPINDLE_TOKEN'];
  return given
    ? { token: given, isNew: false }
    : { token: randomBytes(32).toString('base64url'), isNew: true };
}

/** The access to one listener. */
export class Access {
  readonly #place: Place;
  readonly #token: Buffer;
  readonly #cookies = new Set<string>();

  constructor(token: string, place: Place) {
    this.#place = place;
    this.#token = digest(token);
  }

  /** What is wrong with where a request comes from and goes to; it holds for what needs no token, too. */
  checkOrigin({ url = '/', headers }: Asking): Refusal | undefined {
    const { host, origin } = headers;
    if (!this.#isOurName(host ?? ''))
      return { status: 403, reason: `"${host ?? ''}" is not a name of this server` };
    if (origin !== undefined && origin !== `http://${host ?? ''}`)
      return { status: 403, reason: `pages of ${origin} may not use this server` };
    const site = headers['sec-fetch-site'] ?? 'none';
    if (site !== 'none' && site !== 'same-origin')
      return { status: 403, reason: 'pages of other sites may not use this server' };
    return hasToken(url) ? { status: 400, reason: tokenInQuery } : undefined;
  }

  /** What is wrong with a request; `undefined`: it may be answered. */
  check(asking: Asking): Refusal | undefined {
    return this.checkOrigin(asking) ?? (this.#isKnown(asking) ? undefined : unknown);
  }

  /** For a request with the token: the `Set-Cookie` header that stands for it from now on. */
  logIn({ headers }: Asking): string | undefined {
    if (!this.#hasBearer(headers)) return undefined;
    const secret = randomBytes(32).toString('base64url');
    const [oldest] = this.#cookies;
    if (this.#cookies.size >= maxCookies && oldest !== undefined) this.#cookies.delete(oldest);
    this.#cookies.add(secret);
    return `${this.#cookieName}=${secret}; HttpOnly; SameSite=Strict; Path=/`;
  }

  /** Cookies are shared by all ports of a host, so each port has a name of its own. */
  get #cookieName(): string {
    return `spindle-${this.#place.port}`;
  }

  #isKnown({ headers }: Asking): boolean {
    return headers.authorization === undefined
      ? this.#hasCookie(headers.cookie ?? '')
      : this.#hasBearer(headers);
  }

  #hasBearer({ authorization = '' }: IncomingHttpHeaders): boolean {
    const [, given] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
    return given !== undefined && timingSafeEqual(digest(given), this.#token);
  }

  #hasCookie(cookie: string): boolean {
    return cookie.split(/; */).some((pair) => {
      const [name, value = ''] = pair.split('=');
      return name === this.#cookieName && this.#cookies.has(value);
    });
  }

  #isOurName(header: string): boolean {
    const [, bracketed, plain = '', port = '80'] =
      /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(header) ?? [];
    const name = (bracketed ?? plain).toLowerCase();
    if (name === '' || Number(port) !== this.#place.port) return false;
    if (isLoopback(name) || name === this.#place.host.toLowerCase()) return true;
    const isEverywhere = this.#place.host === '0.0.0.0' || this.#place.host === '::';
    return isEverywhere && isIP(name) !== 0; // a name can be rebound, a number cannot
  }
}

const unknown: Refusal = {
  status: 401,
  reason: 'expected the token of this server: "Authorization: Bearer TOKEN"',
};

const tokenInQuery =
  'a token in the address would stand in logs and histories: send "Authorization: Bearer TOKEN"';

function hasToken(url: string): boolean {
  const query = url.indexOf('?');
  if (query < 0) return false;
  const names = [...new URLSearchParams(url.slice(query)).keys()];
  return names.some((name) => /token|authorization|bearer|api[-_]?key/i.test(name));
}

const digest = (text: string) => createHash('sha256').update(text).digest();
