import { ModelError, models } from '../../core/index.ts';
import type { Model, ModelContext, ModelEvent, ModelRequest, Plugin } from '../../core/index.ts';
import { chatBody } from './chat/body.ts';
import { encodePart } from './chat/encode.ts';
import { ChatReader } from './chat/read.ts';
import { askedBy, exchange, type Question } from './wire/exchange.ts';
import { knownTraits } from './wire/families.ts';
import { hostOf, modelName, resolveEndpoint, withOptions } from './wire/provider.ts';
import type { EndpointRules, ProviderOptions } from './wire/provider.ts';

/** Options of openai-chat; it has no address of its own. */
export interface ChatOptions extends ProviderOptions {
  /** Whether what the model thought goes back to it, as models that call tools while they think need. Default true. */
  readonly sendReasoning?: boolean;
}

/**
 * Models behind a Chat Completions API: Ollama, LM Studio, vLLM, llama.cpp, OpenRouter and others. Give it another name
 * to have several of them.
 */
export default function openaiChat(config: ChatOptions = {}): Plugin {
  const name = config.name ?? 'openai-chat';
  return { name, api: 1, setup: (host) => void host.add(models, chatModel(name, config)) };
}

/** The schema of ChatOptions. */
export const options = async () => (await import('./wire/options.ts')).chatOptions();

function chatModel(provider: string, config: ChatOptions): Model {
  const rules: EndpointRules = { provider, env: process.env, isKeyBound: true };
  const traits: Model['traits'] = ({ model }) =>
    withOptions(knownTraits(modelName(model, config, rules)), config);
  const origin = config.sendReasoning === false ? '' : `chat ${hostOf(config, rules)}`;
  let count = 0;
  return {
    name: provider,
    traits,
    encode: (part) => encodePart(part, { origin }),
    async *stream(request: ModelRequest, context: ModelContext): AsyncGenerator<ModelEvent> {
      const known = traits(request.settings);
      const endpoint = resolveEndpoint(config, rules);
      const question: Question = {
        endpoint,
        options: config,
        path: '/chat/completions',
        body: chatBody(request, known, { ...config, ...endpoint }),
        model: known.model,
        hasTools: request.parts.some(({ part }) => part.type === 'tools'),
        otherApi: 'mostly it ends in /v1',
      };
      const prefix = `c${Date.now().toString(36)}_${++count}`;
      const reader = new ChatReader({ origin, asked: askedBy(question), prefix });
      for await (const events of exchange(question, context)) {
        for (const event of events) reader.read(event);
        yield* reader.events.take();
      }
      if (!reader.end())
        throw new ModelError(
          'model_busy',
          `the answer of ${endpoint.host} was cut off: its stream ended without a finish_reason`,
        );
      yield* reader.events.take();
    },
  };
}
