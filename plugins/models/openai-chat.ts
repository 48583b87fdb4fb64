import { ModelError, models } from '../../core/index.ts';
import type { Model, ModelContext, ModelEvent, ModelRequest, Plugin } from '../../core/index.ts';
import { chatBody } from './chat/body.ts';
import { encodePart } from './chat/encode.ts';
import { ChatReader } from './chat/read.ts';
import { askedBy, type Question } from './wire/client.ts';
import { onlyModel } from './wire/discover.ts';
import { exchange } from './wire/exchange.ts';
import { knownTraits } from './wire/families.ts';
import { hostOf, isLoopback, namedModel, noModel } from './wire/provider.ts';
import { resolveEndpoint, takesImages, withOptions } from './wire/provider.ts';
import type { EndpointRules, ProviderOptions } from './wire/provider.ts';

/** Options of openai-chat; it has no address of its own. */
export interface ChatOptions extends ProviderOptions {
  /** Whether what the model thought goes back to it, as models that call tools while they think need. Default true. */
  readonly sendReasoning?: boolean;
}

/**
 * Models behind a Chat Completions API: Ollama, LM Studio, vLLM, llama.cpp, OpenRouter and others. Give it another name
 * to have several of them. Where no model is named, a server on this machine that offers one only is asked for it.
 */
export default function openaiChat(config: ChatOptions = {}): Plugin {
  const name = config.name ?? 'openai-chat';
  return { name, api: 1, setup: (host) => void host.add(models, chatModel(name, config)) };
}

/** The schema of ChatOptions. */
export const options = async () => (await import('./wire/options.ts')).chatOptions();

function chatModel(provider: string, config: ChatOptions): Model {
  const rules: EndpointRules = { provider, env: process.env, isKeyBound: true };
  const host = hostOf(config, rules);
  const origin = config.sendReasoning === false ? '' : `chat ${host}`;
  const images = takesImages(config, rules);
  let count = 0;
  /** The only model of a server on this machine, once it was asked for it. */
  let only: string | undefined;
  const named = (wanted: string | undefined) => namedModel(wanted, config, rules) ?? only;
  const traits: Model['traits'] = ({ model: wanted }) => {
    const model = named(wanted) ?? (isLoopback(host) ? unnamed : undefined);
    if (model === undefined) throw noModel(provider);
    return withOptions(knownTraits(model), config);
  };
  return {
    name: provider,
    traits,
    encode: (part) => encodePart(part, { origin, images }),
    async *stream(request: ModelRequest, context: ModelContext): AsyncGenerator<ModelEvent> {
      const { settings, parts } = request;
      const asking = {
        endpoint: resolveEndpoint(config, rules),
        options: config,
        hasTools: parts.some(({ part }) => part.type === 'tools'),
        otherApi: 'mostly it ends in /v1',
      };
      let { model } = traits(settings);
      if (model === unnamed) only = model = await onlyModel({ ...asking, model }, context);
      const known = withOptions(knownTraits(model), config);
      const body = chatBody(request, known, { ...config, ...asking.endpoint });
      const question: Question = { ...asking, model, path: '/chat/completions', body };
      const prefix = `c${Date.now().toString(36)}_${++count}`;
      const reader = new ChatReader({ origin, asked: askedBy(question), prefix });
      for await (const events of exchange(question, context)) {
        for (const event of events) reader.read(event);
        yield* reader.events.take();
      }
      if (!reader.end()) throw cut(asking.endpoint.host);
      yield* reader.events.take();
    },
  };
}

/** Stands for the only model of a server on this machine until that was asked for its name. */
const unnamed = 'the only one';

function cut(host: string): ModelError {
  return new ModelError(
    'model_busy',
    `the answer of ${host} was cut off: its stream ended without a finish_reason`,
  );
}
