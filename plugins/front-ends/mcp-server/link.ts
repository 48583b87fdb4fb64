/** The request that carries a call, of either era of the protocol. */

import {
  CLIENT_CAPABILITIES_META_KEY,
  type LoggingLevel,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';

import type { Asking } from '../../offers/offers-slots.ts';
import type { HostAbilities, Link } from './held-call.ts';

/** How long a host may take to answer a question, which is up to a person. */
const answerMs = 600_000;

/** What a request can do for its call. From 2026-07-28 on the request has to end before the host is asked. */
export function linkOf({ mcpReq }: ServerContext, server: Server): Link {
  const envelope: Readonly<Record<string, unknown>> = { ...mcpReq.envelope };
  const declared = envelope[CLIENT_CAPABILITIES_META_KEY] ?? server.getClientCapabilities();
  const abilities = Object(declared) as HostAbilities; // by the SDK
  const token = mcpReq._meta?.progressToken;
  let count = 0;
  return {
    signal: mcpReq.signal,
    abilities,
    progress: async ({ progress = ++count, total, message }) => {
      if (token === undefined || mcpReq.signal.aborted) return;
      const params = { progressToken: token, progress, total, message };
      await mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
    },
    log: async (level, data) => {
      await mcpReq.log(level as LoggingLevel, data).catch(() => {}); // one of MCP's
    },
    ...(mcpReq.envelope === undefined ? { send: pusher(mcpReq) } : {}),
  };
}

function pusher({ send }: ServerContext['mcpReq']) {
  return async (request: Asking, signal: AbortSignal): Promise<unknown> =>
    send(request as never, { signal, timeout: answerMs }); // a method of MCP, by its name
}
