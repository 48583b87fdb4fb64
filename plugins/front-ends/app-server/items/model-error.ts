/** What a model's host answered, as the wire has it. Of the answer the kernel keeps the message, which tells its status. */

import type { z } from 'zod';

import type { ErrorData, NoticeItem } from '../../../../core/index.ts';
import type { turnError } from '../schemas/thread.ts';

type Info = z.infer<typeof turnError>['codexErrorInfo'];

/** The kind of a model's error that has one of its own. */
export function modelErrorInfo({ code, message }: ErrorData): Info | undefined {
  const status = statusIn(message);
  if (status === null) return undefined;
  if (code === 'model_refused') return refusals(message)[status];
  if (code !== 'model_busy') return undefined;
  return status === 429
    ? 'rateLimitExceeded'
    : { responseTooManyFailedAttempts: { httpStatusCode: status } };
}

const refusals = (message: string): Readonly<Record<number, Info>> => ({
  401: 'unauthorized',
  402: 'usageLimitExceeded',
  403: 'unauthorized',
  404: message.includes("the model's name") ? 'modelNotFound' : 'badRequest',
});

/** The kind of error of which a model's notice tells that it is tried again; `undefined`: it tells of something else. */
export function retryInfo({ message }: NoticeItem): Info | undefined {
  if (!/: trying again in .*\(attempt \d+ of \d+/u.test(message)) return undefined;
  const httpStatusCode = statusIn(message);
  return httpStatusCode === 429
    ? 'rateLimitExceeded'
    : { responseStreamDisconnected: { httpStatusCode } };
}

function statusIn(message: string): number | null {
  const [, status] = / answered (\d{3})\b/u.exec(message) ?? [];
  return status === undefined ? null : Number(status);
}
