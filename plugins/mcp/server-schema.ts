/** Servers as the configuration has them, in the shape of `.mcp.json`. It needs zod, so only the configuration's check loads it. */

import { z } from 'zod';

const text = z.string().min(1);
const strings = z.record(z.string(), z.string());
const milliseconds = z.int().positive().max(86_400_000);
const chosen = z.union([z.boolean(), z.array(text)]);

const oauthSchema = z
  .strictObject({
    clientId: text,
    clientSecret: text,
    scope: text,
    clientMetadataUrl: text,
    issuer: text.describe('What is configured here goes to this authorization server alone.'),
    grant: z.enum(['authorization_code', 'client_credentials']),
    privateKey: text.describe('PEM, for client_credentials without a secret.'),
    algorithm: text.describe('Of the private key, such as ES256.'),
    idp: z.strictObject({
      issuer: text,
      clientId: text,
      clientSecret: text.optional(),
      idToken: text,
      tokenEndpoint: text.optional(),
    }),
  })
  .partial();

/** One entry of `mcpServers`. */
export const serverSchema = z
  .strictObject({
    type: z.enum(['stdio', 'http', 'streamable-http', 'sse']),
    command: text.describe('The program, for a server of this machine.'),
    args: z.array(z.string()),
    env: strings.describe(
      'Added to the environment that commands get; ${NAME} is a variable of yours.',
    ),
    cwd: text,
    sandbox: z.boolean().describe('false: runs outside the sandbox. Default: true.'),
    url: text.describe('The address, for a server elsewhere.'),
    headers: strings.describe("Sent to the address's own origin; ${NAME} is a variable of yours."),
    proxy: text,
    ca: text.describe('Certificates that are trusted beside the system’s: PEM, or a file.'),
    oauth: oauthSchema,
    timeout: milliseconds.describe('The limit of one call in ms. Default: 120000.'),
    startTimeout: milliseconds.describe('The limit of its start in ms. Default: 30000.'),
    disabled: z.boolean(),
    allow: chosen.describe('Its tools that need no yes: true for all, or their names with *.'),
    ask: chosen.describe('Its tools that are always asked for.'),
    deny: chosen.describe('Its tools that are never called.'),
    choose: z.array(text).describe('Only these of its tools, with *.'),
    hide: z.array(text).describe('Not these of its tools, with *.'),
    alias: z.record(text, z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)),
    group: z.record(text, z.array(text)).describe('Names for some of its tools together.'),
    offer: z.enum(['direct', 'search']),
  })
  .partial();

/** `mcpServers`. */
export const serversSchema = z.record(
  z.string().regex(/^[\w.-]{1,64}$/, 'expected a name of letters, digits, _, - and dots'),
  serverSchema,
);

/** An entry as it was written. */
export type ServerEntry = z.infer<typeof serverSchema>;
