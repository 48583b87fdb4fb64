/** The one error class of the kernel, and its public codes; docs/errors.md has a line on each. */

import type { ErrorData } from './item.ts';

export type ErrorCode =
  | ('invalid' | 'not_found' | 'conflict' | 'denied' | 'aborted' | 'timeout' | 'unreachable')
  | ('plugin' | 'sandbox' | 'store' | 'version' | 'internal' | 'model_config' | 'model_busy')
  | ('model_unreachable' | 'model_refused' | 'model_context' | 'model_answer');

/** `plugin` is to blame. `status`: of an HTTP answer, with how long its host asks to wait (Retry-After). */
export type ErrorOptions = Readonly<{ plugin?: string; cause?: unknown } & FromHost>;
type FromHost = { status?: number; retryAfterMs?: number };

/** What the kernel throws. The message says what was expected, what came, and what to do. */
export class KernelError extends Error {
  override readonly name: string = 'KernelError';
  readonly code!: ErrorCode; // assigned with the rest
  readonly plugin?: string;
  readonly status?: number;
  readonly retryAfterMs?: number;

  constructor(code: ErrorCode, message: string, { cause, ...rest }: ErrorOptions = {}) {
    super(message, { cause });
    Object.assign(this, { code, ...rest });
  }
}

/** What a model throws. Whether to try again is the retry plugin's to decide, by `code` and `retryAfterMs`. */
export class ModelError extends KernelError {
  override readonly name = 'ModelError';
}

const tag = (code: ErrorCode) => {
  return (raw: TemplateStringsArray, ...values: readonly unknown[]) =>
    new KernelError(code, String.raw({ raw }, ...values));
};
/** Errors by their code, the message as a template: ``throw invalid`expected a path, but got ${path}` ``. */
export const invalid = tag('invalid');
export const notFound = tag('not_found');
export const conflict = tag('conflict');
export const aborted = tag('aborted');
export const noModel = tag('model_config');

/** Any thrown value as a KernelError, blamed on `plugin` unless it names one already. */
export function asKernelError(thrown: unknown, plugin?: string): KernelError {
  if (thrown instanceof KernelError) return thrown;
  const code = thrown instanceof Error && thrown.name === 'AbortError' ? 'aborted' : 'plugin';
  return new KernelError(code, messageOf(thrown), { cause: thrown, plugin });
}

/** An error as plain data, for items and wires. */
export function errorData(thrown: unknown): ErrorData {
  const { code, message, plugin } = asKernelError(thrown);
  return { code, message, plugin };
}

/** The message of anything thrown. */
export const messageOf = (one: unknown) => (one instanceof Error ? one.message : String(one));

/** Throws, where an expression is wanted. */
export function fail(error: Error): never {
  throw error;
}
