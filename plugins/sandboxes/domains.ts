/**
 * The network by domain. Where rules say of some hosts that commands may reach them, a command in the sandbox gets a way
 * out that leads to a proxy in this program alone, and each connection is judged like a request of the tool that runs
 * the command. Without such rules nothing is started. docs/sandbox.md tells what that holds.
 */

import {
  aroundEffect,
  aroundTool,
  type EffectRequest,
  type Effects,
  type Host,
  type Plugin,
  policies,
  sandboxes,
} from '../../core/index.ts';
import type { Internet } from './domains/addresses.ts';
import { Judgements } from './domains/judgements.ts';
import { passage } from './domains/passage.ts';
import type { Proxy, Reach } from './domains/proxy.ts';

/** What can be configured. */
export interface DomainsOptions {
  /** Lets names lead into networks within (10.0.0.0/8 and the like); never to this machine. Default: not. */
  readonly privateAddresses?: boolean;
  /** Whether any rule lets commands reach a host, given by the program that it is part of. Default: none does. */
  readonly isWanted?: () => boolean;
  /** Another way out than the machine's, for tests. */
  readonly internet?: Internet;
}

/** The schema of what users set. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({
    privateAddresses: z.boolean().optional().describe('let names lead into your own networks'),
  });
};

export default function domains(given: DomainsOptions = {}): Plugin {
  const { isWanted = () => false } = given;
  return {
    name: 'domains',
    api: 1,
    setup: (host) => {
      const calls = new Map<string, Effects>();
      const judgements = new Judgements(host);
      let started: Promise<Proxy> | undefined;
      const open = () => (started ??= startProxy(given).then((one) => host.scope.use(one)));
      host.add(policies, judgements.policy, 'first');
      host.add(aroundTool, async (call, on, next) => {
        const key = `${call.thread} ${call.id}`;
        calls.set(key, on.effects);
        try {
          return await next(call);
        } finally {
          calls.delete(key);
        }
      });
      host.add(aroundEffect, async (what, next) => {
        const isConfined = what.kind === 'spawn' && isFor(what) && !what.request.unconfined;
        if (!isConfined || !isWanted() || !isSupported(host)) return next(what);
        const reach: Reach = async (url) => {
          const own = calls.get(`${what.thread} ${what.call}`);
          if (own === undefined) await judgements.pass(what, url);
          else await own.fetch(url, { method: 'CONNECT' });
        };
        const proxy = await open();
        const admitted = proxy.admit(reach);
        const env = { ...what.request.env, [passage]: `${proxy.path}\n${admitted.token}` };
        try {
          return await next({ ...what, request: { ...what.request, env } });
        } catch (error) {
          admitted[Symbol.dispose]();
          throw error;
        }
      });
    },
  };
}

/** Others do not know what to do with a way out. */
function isSupported(host: Host): boolean {
  return host.get(sandboxes).some(({ name }) => name === 'bubblewrap');
}

/** Others have the network, or none that leads anywhere. */
function isFor({ settings }: EffectRequest): boolean {
  return settings.sandbox !== 'danger-full-access' && !settings.network;
}

async function startProxy({ privateAddresses = false, internet }: DomainsOptions): Promise<Proxy> {
  const [{ Proxy: Started }, { ownInternet, refusedAddress }] = await Promise.all([
    import('./domains/proxy.ts'),
    import('./domains/addresses.ts'),
  ]);
  const isRefused = refusedAddress(privateAddresses);
  return Started.start({ internet: internet ?? ownInternet, isRefused });
}
