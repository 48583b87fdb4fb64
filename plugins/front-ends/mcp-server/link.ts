/** The request that carries a call, of either era of the protocol. */

import {
  CLIENT_CAPABILITIES_META_KEY,
  type LoggingLevel,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';

import type { Asking } from '../../offers/offers-slots.ts';
import type { HostAbilities, Link, Told } from './held-call.ts';

/** How long a host may take to answer a question, which is up to a person. */
const answerMs = 600_000;

/**
 * What a request can do for its call. From 2026-07-28 on the request has to end before the host is asked. `meta` goes
 * with all that is sent.
 */
export function linkOf({ mcpReq }: ServerContext, server: Server, meta?: Meta): Link {
  const envelope: Readonly<Record<string, unknown>> = { ...mcpReq.envelope };
  const declared = envelope[CLIENT_CAPABILITIES_META_KEY] ?? server.getClientCapabilities();
  const abilities = Object(declared) as HostAbilities; // by the SDK
  const token = mcpReq._meta?.progressToken;
  return {
    signal: mcpReq.signal,
    abilities,
    progress: async (progress) => {
      if (token === undefined || mcpReq.signal.aborted) return;
      await mcpReq.notify(progressOf(token, progress, meta)).catch(() => {});
    },
    log: async (level, data) => {
      await mcpReq.log(level as LoggingLevel, data).catch(() => {}); // one of MCP's
    },
    ...(mcpReq.envelope === undefined ? { send: pusher(mcpReq, meta) } : {}),
  };
}

/** What the request that made a task does for it once it has ended: progress goes on under its token. */
export function taskLinkOf(context: ServerContext, server: Server, meta: Meta): Link {
  const { send: _send, ...link } = linkOf(context, server, meta);
  const token = context.mcpReq._meta?.progressToken;
  return {
    ...link,
    signal: new AbortController().signal,
    progress: async (progress) => {
      if (token !== undefined)
        await server.notification(progressOf(token, progress, meta)).catch(() => {});
    },
  };
}

/** `_meta` of what is sent. */
type Meta = Readonly<Record<string, unknown>>;

function progressOf(
  progressToken: string | number,
  { progress, total, message }: Told,
  meta?: Meta,
) {
  const params = { progressToken, progress, total, message };
  return {
    method: 'notifications/progress' as const,
    params: meta === undefined ? params : { ...params, _meta: meta },
  };
}

function pusher({ send }: ServerContext['mcpReq'], meta?: Meta) {
  return async ({ method, params }: Asking, signal: AbortSignal): Promise<unknown> => {
    const all = meta === undefined ? params : { ...params, _meta: meta };
    return send({ method, params: all } as never, { signal, timeout: answerMs }); // a method of MCP, by its name
  };
}
