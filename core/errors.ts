/** The one error class of the kernel, and its public codes (docs/errors.md has a line on each). */

import type { ErrorData } from './item.ts';

export type ErrorCode =
  /** A request, flag, key or argument that is not valid. */
  | 'invalid'
  /** What was named does not exist. */
  | 'not_found'
  /** What was asked cannot be done now: a turn runs, a thread is open elsewhere, a name is taken. */
  | 'conflict'
  /** The gate said no. */
  | 'denied'
  /** The signal was aborted. */
  | 'aborted'
  /** A bound of time was reached. */
  | 'timeout'
  /** A plugin did not start, or broke its contract. */
  | 'plugin'
  /** A host cannot be reached: refused, unknown, untrusted, silent. */
  | 'unreachable'
  /** No sandbox can confine commands here. */
  | 'sandbox'
  /** The thread store failed. */
  | 'store'
  /** The thread was written by a newer version. */
  | 'version'
  /** No model is configured, or the model cannot do what is asked. */
  | 'model_config'
  /** The model's host cannot be reached: refused, unknown, untrusted, silent. */
  | 'model_unreachable'
  /** The model's host answered an error that a retry may mend (429, 5xx, a cut stream). */
  | 'model_busy'
  /** The model's host refused the request for good (4xx). */
  | 'model_refused'
  /** The input does not fit the model's window. */
  | 'model_context'
  /** The model broke the protocol: no valid stream, an answer without end. */
  | 'model_answer'
  /** The kernel or this program has a defect. */
  | 'internal';

export interface ErrorOptions {
  /** The plugin that caused it. */
  readonly plugin?: string;
  readonly cause?: unknown;
}

/** What the kernel throws. The message says what was expected, what came, and what to do. */
export class KernelError extends Error {
  override readonly name: string = 'KernelError';
  readonly code: ErrorCode;
  readonly plugin: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.plugin = options.plugin;
  }
}

export interface ModelErrorOptions extends ErrorOptions {
  /** HTTP status, when there was an answer. */
  readonly status?: number;
  /** How long the host asks to wait (Retry-After), in ms. */
  readonly retryAfterMs?: number;
}

/** What a model throws. Whether to try again is for the retry plugin to decide, by `code` and `retryAfterMs`. */
export class ModelError extends KernelError {
  override readonly name: string = 'ModelError';
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: ModelErrorOptions = {}) {
    super(code, message, options);
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Any thrown value as a KernelError, blamed on `plugin` unless it already names one. */
export function asKernelError(thrown: unknown, plugin?: string): KernelError {
  if (thrown instanceof KernelError && (thrown.plugin !== undefined || plugin === undefined))
    return thrown;
  const code = thrown instanceof KernelError ? thrown.code : isAbort(thrown) ? 'aborted' : 'plugin';
  return new KernelError(code, messageOf(thrown), {
    cause: thrown,
    ...(plugin === undefined ? {} : { plugin }),
  });
}

/** An error as plain data, for items and wires. */
export function errorData(thrown: unknown): ErrorData {
  const error = asKernelError(thrown);
  return {
    code: error.code,
    message: error.message,
    ...(error.plugin === undefined ? {} : { plugin: error.plugin }),
  };
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'AbortError';
}
