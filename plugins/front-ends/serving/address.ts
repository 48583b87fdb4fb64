/** Where a server listens, as it is typed. */

import { isIP } from 'node:net';
import { isAbsolute, resolve } from 'node:path';
import { KernelError } from '../../../core/index.ts';

/** `stdio`: its own input and output. `host` is without brackets; port 0: any that is free. */
export type Address =
  | Readonly<{ kind: 'stdio' }>
  | Readonly<{ kind: 'unix'; path: string }>
  | Readonly<{ kind: 'ws' | 'http'; host: string; port: number }>;

const expected = 'stdio://, unix://PATH, ws://HOST:PORT or http://HOST:PORT';

/** Reads an address; a relative path is taken from `cwd`. Throws `invalid`. */
export function readAddress(text: string, cwd: string): Address {
  const [, scheme, rest = ''] = /^([a-z]+):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === 'stdio' && rest === '') return { kind: 'stdio' };
  if (scheme === 'unix' && rest !== '')
    return { kind: 'unix', path: isAbsolute(rest) ? rest : resolve(cwd, rest) };
  const place = scheme === 'ws' || scheme === 'http' ? readPlace(rest) : undefined;
  if (place === undefined) throw bad(text);
  return { kind: scheme === 'ws' ? 'ws' : 'http', ...place };
}

/** `HOST:PORT`, an IPv6 address in brackets; `undefined` for what is neither. */
export function readPlace(
  text: string,
): { readonly host: string; readonly port: number } | undefined {
  const [, name, digits] = /^(\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9.-]+):(\d{1,5})\/?$/.exec(text) ?? [];
  if (name === undefined || Number(digits) > 65_535) return undefined;
  const host = name.replace(/^\[(.*)\]$/, '$1');
  return host !== name && isIP(host) !== 6 ? undefined : { host, port: Number(digits) };
}

const bad = (text: string) =>
  new KernelError('invalid', `expected to listen on ${expected}, but got "${text}"`);

/** Whether only programs of this machine can reach it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** As it stands in a URL. */
export const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);
