/** The handshake. The server reads it by hand, so as to answer before schemas are loaded: this says what it reads. */

import { z } from 'zod';
import { maybe, path, text } from './values.ts';

/** Parameters and result of `initialize`. */
export const initialize = {
  params: z.object({
    clientInfo: z.object({ name: text, title: maybe(text), version: maybe(text) }),
    protocolVersion: maybe(z.number()).describe('Ours: the highest that the client speaks.'),
    capabilities: maybe(
      z.object({
        experimentalApi: maybe(z.boolean()),
        optOutNotificationMethods: maybe(z.array(text)).describe('Not sent to this client.'),
        deltaIntervalMs: maybe(z.number().min(0).max(10_000)).describe(
          'Ours: deltas are merged and come at most this often.',
        ),
      }),
    ),
  }),
  result: z.object({
    userAgent: text,
    codexHome: path.describe('The folder of the program’s state, under its known name.'),
    platformFamily: z.enum(['unix', 'windows']),
    platformOs: z.enum(['linux', 'macos', 'windows']),
    protocolVersion: z.int(),
    serverInfo: z.object({ name: text, version: text }),
  }),
};
