/** Logging in to a server: the address is shown, and the browser comes back to a port of this machine. */

import type { Client } from '../../../core/index.ts';
import { openLoopback } from '../serving/loopback.ts';
import { shown } from '../terminal/style.ts';

const timeoutMs = 600_000;

interface Wanted {
  readonly server: string;
  readonly scope?: string | undefined;
}

interface Means {
  readonly signal: AbortSignal;
  readonly tell: (text: string) => Promise<void>;
}

/** Resolves when the tokens are kept. Nothing is opened by itself: whoever reads the address opens it. */
export async function login(
  client: Client,
  { server, scope }: Wanted,
  { signal, tell }: Means,
): Promise<void> {
  await using loopback = await openLoopback(signal, timeoutMs);
  const params = { server, redirectUrl: loopback.url, ...(scope === undefined ? {} : { scope }) };
  const begun = (await client.call('mcp/login', params, signal)) as Begun; // its result
  if (begun.url !== undefined) {
    const { host, searchParams } = new URL(begun.url);
    loopback.expect(searchParams.get('state') ?? '');
    await tell(`To log in to ${server} at ${shown(host)}, open:\n\n  ${shown(begun.url)}\n\n`);
    const answer = await loopback.visit;
    await client.call('mcp/login', { server, answer }, signal);
  }
  await tell(`logged in to ${server}\n`);
}

interface Begun {
  readonly state: 'open' | 'done';
  readonly url?: string;
}
