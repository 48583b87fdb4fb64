/** Watches that each request of a thread begins with the last one, so that the provider's prompt cache serves it. */

import {
  aroundModel,
  type EncodedPart,
  type Host,
  ModelError,
  type ModelRequest,
  observers,
  type Plugin,
  type StreamModel,
} from '../../core/index.ts';
import { type Breach, breachOf } from './cache-guard/compare.ts';

export interface CacheGuardOptions {
  /** Whether a request that breaks the prefix fails (code `invalid`) instead of being sent with a notice. */
  readonly strict?: boolean;
}

/** The schema of CacheGuardOptions. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({
    strict: z.boolean().optional().describe('a request that the cache cannot serve is an error'),
  });
};

/** The innermost wrapper of the model: it sees what other wrappers made of the window. */
export default function cacheGuard({ strict = false }: CacheGuardOptions = {}): Plugin {
  return {
    name: 'cache-guard',
    api: 1,
    setup: (host) => {
      const threads = new Map<string, Sent>();
      host.add(observers, (event) => {
        const isMove = event.type === 'item/appended' && event.item.type === 'window';
        if (isMove || event.type === 'thread/closed') threads.delete(event.thread);
      });
      host.add(aroundModel, guarding({ host, threads, strict }), 'last');
    },
  };
}

/** What a thread sent last, for which model. */
interface Sent {
  readonly parts: readonly EncodedPart[];
  readonly cache: string;
}

interface Guard {
  readonly host: Host;
  readonly threads: Map<string, Sent>;
  readonly strict: boolean;
}

function guarding(guard: Guard): (...call: Around) => ReturnType<StreamModel> {
  return (request, context, next) => {
    const breach = breachIn(guard.threads, request);
    if (breach === undefined) {
      remember(guard.threads, request);
      return next(request, context);
    }
    return broken(guard, breach, [request, context, next]);
  };
}

type Around = [...call: Parameters<StreamModel>, next: StreamModel];

/** Nothing to compare with: the first request of this process, a window that moved, another model. */
function breachIn(
  threads: ReadonlyMap<string, Sent>,
  request: ModelRequest,
): (Breach & { readonly last: readonly EncodedPart[] }) | undefined {
  const last = threads.get(request.thread);
  if (last === undefined || last.cache !== cacheOf(request)) return undefined;
  const breach = breachOf(last.parts, request.parts);
  return breach && { ...breach, last: last.parts };
}

/** A compactor's question (tool choice `none`) is no part of the thread: the next request goes on without it. */
function remember(threads: Map<string, Sent>, request: ModelRequest): void {
  const { thread, parts, toolChoice } = request;
  if (toolChoice === 'auto') threads.set(thread, { parts, cache: cacheOf(request) });
}

/** Models do not share their caches. */
function cacheOf({ settings: { provider, model = '' } }: ModelRequest): string {
  return `${provider} ${model}`;
}

async function* broken(
  { host, threads, strict }: Guard,
  { last, ...breach }: Breach & { readonly last: readonly EncodedPart[] },
  [request, context, next]: Around,
): ReturnType<StreamModel> {
  const { blameFor } = await import('./cache-guard/blame.ts');
  const { plugin, deed } = await blameFor(breach, last, { host, request });
  const cost = `about ${breach.tokens} tokens that the provider had cached are paid in full again`;
  const rule = 'what was sent stays as it is, and what changes is appended';
  const message = `${plugin} ${deed}: ${cost}; expected that ${rule}`;
  if (strict) throw new ModelError('invalid', `${message} (--strict-cache)`, { plugin });
  context.notice('warning', message);
  remember(threads, request);
  yield* next(request, context);
}
