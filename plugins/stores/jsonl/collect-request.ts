/** The request `blob/collect`: what whole outputs of calls can be freed, and freeing it. */

import { invalid } from '../../../core/index.ts';
import type { RequestHandler } from '../../../core/index.ts';
import { type BlobBounds, collect } from './collect.ts';

const sum = {
  type: 'object',
  properties: {
    count: { type: 'integer' },
    bytes: { type: 'integer' },
    referred: { type: 'integer' },
  },
};

/**
 * `{apply?, maxAgeMs?, maxBytes?}` to a Collection and the bounds that count. Without `apply` nothing is removed; bounds
 * that are not given are the store's.
 */
export function collectRequest(
  folders: { readonly threads: string; readonly blobs: string },
  usual: BlobBounds,
): RequestHandler {
  const number = { type: 'number', minimum: 0 };
  const bounds = { maxAgeMs: number, maxBytes: number };
  return {
    name: 'blob/collect',
    params: { type: 'object', properties: { apply: { type: 'boolean' }, ...bounds } },
    result: {
      type: 'object',
      properties: { ...bounds, aged: sum, over: sum, orphaned: sum, kept: sum },
    },
    run: async (params) => {
      const { apply, ...given } = Object(params) as Record<string, unknown>; // looked at below
      const limit = (name: keyof BlobBounds) => {
        const value = given[name] ?? usual[name];
        if (typeof value === 'number' && value >= 0) return value;
        throw invalid`blob/collect expected ${name} to be a number of 0 or more`;
      };
      const used = { maxAgeMs: limit('maxAgeMs'), maxBytes: limit('maxBytes') };
      return { ...used, ...collect(folders, used, apply === true) };
    },
  };
}
