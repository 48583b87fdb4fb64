/** Parameters of requests. */

import { KernelError } from '../../../core/index.ts';

/** A field that must be there. Throws `invalid`. */
export function field(params: unknown, name: string): unknown {
  if (typeof params !== 'object' || params === null || !(name in params))
    throw new KernelError('invalid', `expected an object with "${name}", but it has none`);
  return (params as Readonly<Record<string, unknown>>)[name]; // just checked
}
