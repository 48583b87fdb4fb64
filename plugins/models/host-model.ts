import { models, ModelError, requests, type Plugin } from '../../core/index.ts';
import { Asks } from './host-model/asks.ts';
import { encodePart, messagesOf } from './host-model/messages.ts';
import { outputsOf, type Sampled } from './host-model/outputs.ts';

/** Options of `host-model`: what is not known of the host's model. */
export interface HostModelOptions {
  /** Tokens in its window. Default 128000. */
  readonly window?: number;
  /** Tokens of one answer. Default 8192. */
  readonly output?: number;
}

/**
 * The provider `host`: the model of an MCP host, asked by sampling (MCP 2025-11-25, "Sampling"). Who serves the thread
 * takes what is to be asked by `host-model/next {thread}` and gives what came by `host-model/answer`.
 */
export default function hostModel({
  window = 128_000,
  output = 8192,
}: HostModelOptions = {}): Plugin {
  const asks = new Asks();
  return {
    name: 'host-model',
    api: 1,
    setup: (host) => {
      host.add(models, {
        name: 'host',
        traits: ({ model = 'host' }) => ({
          model,
          window,
          output,
          images: true,
          tools: true,
          efforts: [],
        }),
        encode: encodePart,
        stream: async function* (request, { signal }) {
          const params = messagesOf(request, output);
          const { result, error } = await asks.ask(request.thread, params, signal);
          if (error !== undefined) throw new ModelError('model_refused', error);
          const sampled = result as Sampled; // in MCP's shape, as the SDK has checked
          for (const one of outputsOf(sampled)) yield { type: 'output', output: one };
          const stop = sampled.stopReason === 'maxTokens' ? 'length' : 'end';
          yield { type: 'done', stop, model: sampled.model };
        },
      });
      const add = (name: string, run: (params: never, signal: AbortSignal) => Promise<unknown>) =>
        host.add(requests, {
          name,
          params: {
            type: 'object',
            properties: { thread: { type: 'string' } },
            required: ['thread'],
          },
          result: { type: 'object' },
          run: (params, { signal }) => run(params as never, signal), // by the MCP server alone
        });
      add('host-model/next', ({ thread }: { thread: string }, signal) => asks.next(thread, signal));
      add(
        'host-model/answer',
        async ({ id, ...answer }: { id: string; result?: unknown; error?: string }) => {
          asks.answer(id, answer);
          return {};
        },
      );
    },
  };
}

/** The schema of HostModelOptions. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({
    window: z.int().positive().optional().describe('tokens in its window'),
    output: z.int().positive().optional().describe('tokens of one answer'),
  });
};
