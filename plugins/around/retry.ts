/** Asks the model again when that may help. Nothing else in the program tries a model call twice. */

import {
  aroundModel,
  ModelError,
  type AroundModel,
  type ModelContext,
  type ModelEvent,
  type Plugin,
} from '../../core/index.ts';

export interface RetryOptions {
  /** How often a call is made at most. Default 5. */
  readonly attempts?: number;
  /** The first wait in ms; each further one is twice as long, give or take a quarter. Default 500. */
  readonly baseMs?: number;
  /** The longest wait in ms, whatever the host asks for. Default 60,000. */
  readonly maxWaitMs?: number;
  /** After so many ms no attempt is begun for a host that cannot be reached. Default 60,000. */
  readonly unreachableMs?: number;
}

/** The schema of RetryOptions. */
export const options = async () => {
  const { z } = await import('zod');
  const ms = z.int().nonnegative().optional();
  return z.strictObject({
    attempts: z.int().positive().optional().describe('calls at most'),
    baseMs: ms.describe('first wait'),
    maxWaitMs: ms.describe('longest wait, whatever the host asks for'),
    unreachableMs: ms.describe('how long a host is tried that cannot be reached'),
  });
};

export default function retry(config: RetryOptions = {}): Plugin {
  const limits = { ...defaults, ...config };
  return {
    name: 'retry',
    api: 1,
    setup: (host) => {
      host.add(aroundModel, retrying(limits));
    },
  };
}

const defaults: Required<RetryOptions> = {
  attempts: 5,
  baseMs: 500,
  maxWaitMs: 60_000,
  unreachableMs: 60_000,
};

/**
 * Tries again what a model reports as busy (429, 5xx, an answer that was cut off) or unreachable. What had been shown of
 * a failed attempt is taken back by `restart`.
 */
function retrying(limits: Required<RetryOptions>): AroundModel {
  return async function* (request, context, next) {
    const startedMs = performance.now();
    for (let attempt = 1; ; attempt++) {
      const seen = new Set<ModelEvent['type']>();
      let failure: unknown = new ModelError('model_busy', 'the answer was cut off before its end');
      try {
        for await (const event of next(request, context)) {
          seen.add(event.type);
          yield event;
        }
      } catch (error) {
        failure = error;
      }
      if (seen.has('done')) return;
      const { waitMs, reason } = nextWait(failure, {
        attempt,
        startedMs,
        limits,
        signal: context.signal,
      });
      context.notice('warning', reason);
      if (seen.size > 0) yield { type: 'restart', reason };
      await wait(waitMs, context);
    }
  };
}

interface Attempt {
  readonly attempt: number;
  readonly startedMs: number;
  readonly limits: Required<RetryOptions>;
  readonly signal: AbortSignal;
}

/** How long to wait and what to tell of it; throws the failure when no further attempt is to be made. */
function nextWait(
  failure: unknown,
  at: Attempt,
): { readonly waitMs: number; readonly reason: string } {
  if (at.signal.aborted || !mayMend(failure)) throw failure;
  const { attempt, limits } = at;
  const ownMs = limits.baseMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
  const waitMs = Math.min(failure.retryAfterMs ?? ownMs, limits.maxWaitMs);
  const spentMs = performance.now() - at.startedMs + waitMs;
  const isLate = failure.code === 'model_unreachable' && spentMs >= limits.unreachableMs;
  if (attempt >= limits.attempts || isLate) throw givenUp(failure, attempt);
  return { waitMs, reason: reasonOf(failure, waitMs, at) };
}

function mayMend(error: unknown): error is ModelError {
  if (!(error instanceof ModelError)) return false;
  return (
    error.code === 'model_busy' || (error.code === 'model_unreachable' && !isCertificate(error))
  );
}

/** A host that is not trusted will not be trusted in a minute. The codes are those of Node's TLS (OpenSSL's names). */
function isCertificate(error: Error): boolean {
  for (
    let cause: unknown = error, depth = 0;
    cause instanceof Error && depth < 8;
    cause = cause.cause, depth++
  ) {
    if (
      'code' in cause &&
      /CERT|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|ERR_TLS|ERR_SSL|CRL/.test(String(cause.code))
    )
      return true;
  }
  return false;
}

function reasonOf(failure: ModelError, waitMs: number, { attempt, limits }: Attempt): string {
  const { attempts, maxWaitMs } = limits;
  const asked = failure.retryAfterMs ?? 0;
  const most = `; the host asked for ${seconds(asked)}, but at most ${seconds(maxWaitMs)} is waited`;
  const capped = asked > maxWaitMs ? most : '';
  return `${failure.message}: trying again in ${seconds(waitMs)} (attempt ${attempt + 1} of ${attempts}${capped})`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

function givenUp(failure: ModelError, attempts: number): ModelError {
  if (attempts === 1) return failure;
  const { code, status, plugin, retryAfterMs } = failure;
  const message = `${failure.message} (given up after ${attempts} attempts)`;
  return new ModelError(code, message, { status, plugin, retryAfterMs, cause: failure });
}

/** An abort ends the wait at once. */
async function wait(ms: number, { signal }: ModelContext): Promise<void> {
  const { setTimeout } = await import('node:timers/promises');
  await setTimeout(ms, undefined, { signal });
}
