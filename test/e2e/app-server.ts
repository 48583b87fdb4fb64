/** An app server as users start it, and clients of it. */

import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ChildProcess } from 'node:child_process';
import type { TestContext } from 'node:test';
import {
  connect,
  type AppClient,
  type ConnectOptions,
  type ServerNotifications,
} from '../../plugins/front-ends/client.ts';
import { binary, makeE2e, type E2e, type E2eOptions } from './place.ts';

/** A server that listens. */
export interface Serving {
  readonly child: ChildProcess;
  /** The addresses it told, in order. */
  readonly addresses: readonly string[];
}

/** The token of all servers here. */
export const token = 'a-token-of-the-test';

/** Commands run unconfined, and are asked for. */
export const asking = { sandbox: 'danger-full-access', approval: 'untrusted' } as const;

/** A folder, a model and a configuration in which every command is asked for. */
export function place(t: TestContext, options: E2eOptions): Promise<E2e> {
  const env = { SPINDLE_TOKEN: token, ...options.env };
  return makeE2e(t, { config: asking, ...options, env });
}

/** Starts a server and waits until it listens on all addresses. */
export async function serve(e2e: E2e, ...addresses: readonly string[]): Promise<Serving> {
  const child = e2e.start('app-server', ...addresses.flatMap((one) => ['--listen', one]));
  const told: string[] = [];
  for await (const line of createInterface({ input: child.stderr! })) {
    const [, address] = /listening on (\S+)$/.exec(line) ?? [];
    if (address !== undefined) told.push(address);
    if (told.length === addresses.length) break;
  }
  child.stderr!.resume();
  return { child, addresses: told };
}

/** Kills a server as a crash would. */
export async function crash({ child }: Serving): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** A client; gone after the test. */
export async function join(
  t: TestContext,
  to: ConnectOptions['to'],
  options: Partial<ConnectOptions> = {},
): Promise<AppClient> {
  const client = await connect({ to, info: { name: 'test', version: '1' }, ...options });
  t.after(() => client[Symbol.asyncDispose]());
  return client;
}

/** A server of its own for a client, over stdio. */
export const own = ({ cwd, env }: E2e) =>
  ({ command: [process.execPath, binary, 'app-server'], cwd, env }) as const;

/** Resolves with the first notification of a name that fits. */
export function heard<M extends keyof ServerNotifications>(
  client: AppClient,
  method: M,
  fits: (params: ServerNotifications[M]) => boolean = () => true,
): Promise<ServerNotifications[M]> {
  const { promise, resolve } = Promise.withResolvers<ServerNotifications[M]>();
  const listening = client.on(method, (params) => {
    if (fits(params)) resolve(params);
  });
  return promise.finally(() => listening[Symbol.dispose]());
}
