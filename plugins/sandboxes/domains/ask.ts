/** What a program inside asks for when it connects: HTTP CONNECT, plain HTTP to a proxy, or SOCKS 5 (RFC 1928). */

import { once } from 'node:events';
import type { Duplex } from 'node:stream';

import { invalid, messageOf } from '../../../core/index.ts';

/** Where a connection is to lead, and how its program is told what came of it. */
export interface Asked {
  /** In lower case, without a last dot, an IPv6 address in brackets. */
  readonly host: string;
  readonly port: number;
  /** As rules and records name it. */
  readonly url: string;
  /** Sent to the host first. */
  readonly first?: Buffer;
  readonly accepted: Buffer;
  readonly refused: (why: string, isDenied: boolean) => Buffer;
}

const maxHeadBytes = 64 * 1024;

/** Reads what is asked, and nothing of what follows it. What is no such thing is answered, and throws `invalid`. */
export async function readAsked(stream: Duplex): Promise<Asked> {
  const [version] = await take(stream, (all) =>
    all.length > 0 ? { value: all, used: 0 } : undefined,
  );
  if (version === 5) return readSocks(stream);
  try {
    return await readHttp(stream);
  } catch (error) {
    stream.end(httpAnswer(400, messageOf(error)));
    throw error;
  }
}

async function readSocks(stream: Duplex): Promise<Asked> {
  await take(stream, (all) => {
    const used = 2 + (all[1] ?? 0);
    return all.length >= Math.max(used, 2) ? { value: undefined, used } : undefined;
  });
  stream.write(Buffer.from([5, 0])); // no authentication: the connection itself is the command's
  const { command, host, port } = await take(stream, socksRequest);
  if (command !== 1) {
    stream.write(socksAnswer(7));
    throw invalid`expected a SOCKS command to connect, but got ${command}`;
  }
  const url = urlOf(host, port);
  return {
    ...placeIn(url, port),
    accepted: socksAnswer(0),
    refused: (_why, isDenied) => socksAnswer(isDenied ? 2 : 4),
  };
}

function socksAnswer(code: number): Buffer {
  return Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
}

function socksRequest(all: Buffer) {
  const [, command = 0, , kind, length = 0] = all;
  const sizes: Readonly<Record<number, number>> = { 1: 4, 3: 1 + length, 4: 16 };
  if (all.length < 5) return undefined;
  const size = sizes[kind ?? 0];
  if (size === undefined)
    throw invalid`expected a SOCKS address of kind 1, 3 or 4, but got ${kind}`;
  if (all.length < 6 + size) return undefined;
  const address = all.subarray(4, 4 + size);
  const hosts = {
    name: () => address.subarray(1).toString('latin1'),
    four: () => address.join('.'),
    six: () => `[${(address.toString('hex').match(/.{4}/g) ?? []).join(':')}]`,
  };
  const host = hosts[kind === 3 ? 'name' : kind === 1 ? 'four' : 'six']();
  return { value: { command, host, port: all.readUInt16BE(4 + size) }, used: 6 + size };
}

const refused: Asked['refused'] = (why, isDenied) => httpAnswer(isDenied ? 403 : 502, why);

async function readHttp(stream: Duplex): Promise<Asked> {
  const head = await take(stream, (all) => {
    const end = all.indexOf('\r\n\r\n');
    return end < 0 ? undefined : { value: all.subarray(0, end).toString('latin1'), used: end + 4 };
  });
  const [line = '', ...headers] = head.split('\r\n');
  const [, method = '', target = ''] = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(line) ?? [];
  if (method === 'CONNECT') {
    const port = Number(/:(\d+)$/.exec(target)?.[1] ?? 443);
    const accepted = Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n');
    return { ...placeIn(urlOf(target.replace(/:\d+$/, ''), port), port), accepted, refused };
  }
  const url = URL.parse(target);
  if (url?.protocol !== 'http:')
    throw invalid`expected CONNECT or a request with a whole http address, but got ${JSON.stringify(line)}`;
  const port = url.port === '' ? 80 : Number(url.port);
  // One request for each connection: what follows on this one may be for another host.
  const kept = headers.filter((one) => !/^(proxy-[\w-]+|connection|keep-alive|host):/i.test(one));
  const path = `${url.pathname}${url.search}`;
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${url.host}`, ...kept, 'Connection: close'];
  const first = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const place = { ...placeIn(url, port), url: `http://${url.host}${path}` };
  return { ...place, first, accepted: Buffer.alloc(0), refused };
}

/** An answer that says why there is no connection. */
function httpAnswer(status: 400 | 403 | 502, why: string): Buffer {
  const names = { 400: 'Bad Request', 403: 'Forbidden', 502: 'Bad Gateway' };
  const body = Buffer.from(`spindle: ${why}\n`);
  const head = `HTTP/1.1 ${status} ${names[status]}\r\ncontent-type: text/plain; charset=utf-8`;
  return Buffer.concat([
    Buffer.from(`${head}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`),
    body,
  ]);
}

/** Names of hosts as they can be; nothing of them is cut off or means something else further on. */
function urlOf(host: string, port: number): URL {
  const isName = /^[\w.-]{1,253}$/.test(host) || /^\[[\da-f:.]+\]$/i.test(host);
  const url = isName && port > 0 ? URL.parse(`https://${host}:${port}/`) : null;
  if (url === null)
    throw invalid`expected a host and a port, but got ${JSON.stringify(host)}, ${port}`;
  return url;
}

function placeIn(url: URL, port: number) {
  return { host: url.hostname.replace(/\.$/, ''), port, url: url.href };
}

/** The beginning of a stream, once it is all there; the rest stays. */
async function take<T>(
  stream: Duplex,
  parse: (all: Buffer) => { readonly value: T; readonly used: number } | undefined,
): Promise<T> {
  let all: Buffer = Buffer.alloc(0);
  for (;;) {
    const chunk = stream.read() as Buffer | null; // bytes: no encoding was set
    if (chunk !== null) all = Buffer.concat([all, chunk]);
    const parsed = parse(all);
    if (parsed !== undefined) {
      const rest = all.subarray(parsed.used);
      if (rest.length > 0) stream.unshift(rest);
      return parsed.value;
    }
    if (all.length > maxHeadBytes)
      throw invalid`expected a request of at most ${maxHeadBytes} bytes`;
    if (stream.readableEnded || stream.destroyed)
      throw invalid`the connection ended before it said where to`;
    if (chunk === null)
      await Promise.race([once(stream, 'readable'), once(stream, 'end'), once(stream, 'close')]);
  }
}
