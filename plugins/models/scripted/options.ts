import { z } from 'zod';

/** The schema of ScriptedOptions. */
export function scriptedOptions() {
  const count = z.int().nonnegative();
  const usage = z.strictObject({ input: count, cached: count, output: count, reasoning: count });
  const step = z.strictObject({
    reasoning: z.string().optional(),
    text: z.string().optional(),
    calls: z
      .array(
        z.strictObject({
          name: z.string(),
          args: z.unknown().optional(),
          id: z.string().optional(),
        }),
      )
      .optional(),
    expect: z.string().optional(),
    when: z.string().optional(),
    again: z.boolean().optional(),
    stop: z.enum(['end', 'length', 'filter']).optional(),
    cut: z.boolean().optional(),
    error: z
      .strictObject({
        code: z.enum([
          'model_config',
          'model_busy',
          'model_unreachable',
          'model_refused',
          'model_context',
          'model_answer',
        ]),
        message: z.string(),
        status: z.int().optional(),
        retryAfterMs: count.optional(),
      })
      .optional(),
    usage: usage.optional(),
  });
  const traits = z.strictObject({
    model: z.string(),
    window: z.int().positive(),
    output: z.int().positive(),
    images: z.boolean(),
    tools: z.boolean(),
    efforts: z.array(z.string()),
  });
  return z.strictObject({
    name: z.string().optional(),
    steps: z.array(step).optional(),
    closing: z.string().optional(),
    aside: z.string().optional(),
    deltas: z.int().positive().optional(),
    delayMs: count.optional(),
    traits: traits.partial().optional(),
  });
}
