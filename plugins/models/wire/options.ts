/** The schemas of the options of model plugins. Loads zod. */

import { z } from 'zod';

const count = z.int().positive();

const provider = {
  name: z
    .string()
    .regex(/^[\w.-]+$/u)
    .optional(),
  baseURL: z.url({ protocol: /^https?$/u }).optional(),
  apiKey: z.string().optional(),
  apiKeyEnv: z.string().optional(),
  model: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  organization: z.string().optional(),
  proxy: z.string().optional(),
  ca: z.string().optional(),
  idleTimeoutMs: count.optional(),
  headersTimeoutMs: count.optional(),
  window: count.optional(),
  images: z.boolean().optional(),
  tools: z.boolean().optional(),
  efforts: z.array(z.string()).optional(),
  output: count.optional(),
};

/** The schema of ResponsesOptions. */
export function responsesOptions() {
  return z.strictObject({
    ...provider,
    webSearch: z.boolean().optional(),
    reasoningSummary: z.enum(['auto', 'concise', 'detailed']).optional(),
    serviceTier: z.string().optional(),
    compact: z.boolean().optional(),
  });
}

/** The schema of ChatOptions. */
export function chatOptions() {
  return z.strictObject({ ...provider, sendReasoning: z.boolean().optional() });
}
