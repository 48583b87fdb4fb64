/** A method of the table, typed by its schemas. */

import type { z } from 'zod';

import type { Call, Method, Session } from '../session.ts';

interface Typed<P extends z.ZodType, R extends z.ZodType> {
  readonly params: P;
  readonly result: R;
  readonly run: (
    params: z.infer<P>,
    session: Session,
    call: Call,
  ) => z.infer<R> | Promise<z.infer<R>>;
}

/** The parameters and the result of a method. */
export interface Shape<P extends z.ZodType, R extends z.ZodType> {
  readonly params: P;
  readonly result: R;
}

/** A method of this shape. */
export function method<P extends z.ZodType, R extends z.ZodType>(
  { params, result }: Shape<P, R>,
  run: Typed<P, R>['run'],
): Method {
  return { params, result, run };
}
