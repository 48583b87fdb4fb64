/** Answers of HTTP that every listener gives, and the page that a browser is shown. */

import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Nothing is kept, guessed or shown in frames. */
const plainHeaders = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

/** Answers with a line of text; 401 says what is wanted. */
export function answerPlain(response: ServerResponse, status: number, text: string): void {
  const challenge = status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {};
  const type = { 'Content-Type': 'text/plain; charset=utf-8' };
  response.writeHead(status, { ...plainHeaders, ...type, ...challenge });
  response.end(text === '' ? undefined : `${text}\n`);
}

/** Answers with JSON text. */
export function answerJson(
  response: ServerResponse,
  status: number,
  { text, headers = {} }: { readonly text: string; readonly headers?: Record<string, string> },
): void {
  const type = { 'Content-Type': 'application/json; charset=utf-8' };
  response.writeHead(status, { ...plainHeaders, ...type, ...headers });
  response.end(text);
}

/** Begins a stream of server-sent events (HTML Living Standard, "Server-sent events"). */
export function beginEvents(response: ServerResponse): void {
  response.writeHead(200, { ...plainHeaders, 'Content-Type': 'text/event-stream; charset=utf-8' });
  response.flushHeaders();
}

/** A page: what stands in its body, its style and its script. It loads nothing from elsewhere. */
export interface Page {
  readonly title: string;
  readonly body: string;
  readonly style: string;
  /** Runs once the browser is logged in. */
  readonly script: string;
}

interface Asked {
  readonly path: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Takes the token out of the address, exchanges it for the cookie, then runs the page's script. */
const logIn = `
const given = new URLSearchParams(location.hash.slice(1)).get('token');
history.replaceState(null, '', location.pathname);
const asked = given === null ? undefined
  : await fetch('/session', { method: 'POST', headers: { authorization: 'Bearer ' + given } });
if (asked !== undefined && !asked.ok) document.body.textContent = await asked.text();
`;

/** Serves the page at `/`; `false`: something else is wanted. */
export function servePage(page: Page, { path, request, response }: Asked): boolean {
  if (path !== '/' || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
  const script = `${logIn}\n${page.script}`;
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(page.style)}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  response.writeHead(200, {
    ...plainHeaders,
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': policy,
  });
  const head = `<meta charset="utf-8"><title>${page.title}</title><style>${page.style}</style>`;
  const whole = `<!doctype html><html lang="en"><head>${head}</head><body>${page.body}<script type="module">${script}</script></body></html>\n`;
  response.end(request.method === 'HEAD' ? undefined : whole);
  return true;
}

const hashOf = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`;
