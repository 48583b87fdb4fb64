/** How turns end, as the wire has it. */

import type { z } from 'zod';

import type { EndItem, ErrorData } from '../../../../core/index.ts';
import type { turnError, WireTurn } from '../schemas/thread.ts';
import { modelErrorInfo } from './model-error.ts';

type TurnError = z.infer<typeof turnError>;

const infos: Readonly<Record<string, TurnError['codexErrorInfo']>> = {
  model_context: 'contextWindowExceeded',
  model_busy: 'serverOverloaded',
  model_refused: 'badRequest',
  model_unreachable: { httpConnectionFailed: { httpStatusCode: null } },
  model_answer: { responseStreamDisconnected: { httpStatusCode: null } },
  sandbox: 'sandboxError',
  store: 'internalServerError',
  internal: 'internalServerError',
  timeout: 'sessionBudgetExceeded',
};

/** An error; its kernel's code is in the details. */
export function turnErrorOf(error: ErrorData): TurnError {
  const { code, message, plugin } = error;
  const blamed = plugin === undefined ? '' : `, plugin ${plugin}`;
  return {
    message,
    codexErrorInfo:
      modelErrorInfo(error) ?? (Object.hasOwn(infos, code) ? infos[code] : undefined) ?? 'other',
    additionalDetails: `${code}${blamed}`,
    misalignment: null,
  };
}

const statuses = {
  completed: 'completed',
  interrupted: 'interrupted',
  failed: 'failed',
  limit: 'failed',
} as const satisfies Record<EndItem['status'], WireTurn['status']>;

/** The status of a turn that has ended, and its error. */
export function endOf({ status, error }: EndItem): Pick<WireTurn, 'status' | 'error'> {
  return { status: statuses[status], error: error === undefined ? null : turnErrorOf(error) };
}

/** Seconds of a time in milliseconds. */
export const secondsOf = (ms: number) => Math.floor(ms / 1000);
