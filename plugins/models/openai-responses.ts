import { ModelError, models } from '../../core/index.ts';
import type { Model, ModelContext, ModelEvent, ModelRequest, Plugin } from '../../core/index.ts';
import { responsesBody, type BodyOptions } from './responses/body.ts';
import { encodePart } from './responses/encode.ts';
import { ResponseReader } from './responses/read.ts';
import { askedBy, exchange, type Question } from './wire/exchange.ts';
import { knownTraits } from './wire/families.ts';
import {
  type EndpointRules,
  hostOf,
  modelName,
  resolveEndpoint,
  withOptions,
} from './wire/provider.ts';

/**
 * Options of openai-responses. `webSearch`: the provider may search the web. `reasoningSummary`: ask for summaries of
 * what the model thinks (OpenAI gives them to verified organizations). `serviceTier`: OpenAI's.
 */
export type ResponsesOptions = BodyOptions;

/**
 * Models behind OpenAI's Responses API. Nothing is kept at the provider (`store: false`): reasoning comes back encrypted
 * and is carried in the thread.
 */
export default function openaiResponses(config: ResponsesOptions = {}): Plugin {
  const name = config.name ?? 'openai-responses';
  return { name, api: 1, setup: (host) => void host.add(models, responsesModel(name, config)) };
}

/** The schema of ResponsesOptions. */
export const options = async () => (await import('./wire/options.ts')).responsesOptions();

function responsesModel(provider: string, config: ResponsesOptions): Model {
  const rules: EndpointRules = {
    provider,
    env: process.env,
    fallbackURL: 'https://api.openai.com/v1',
    isKeyBound: false,
  };
  const traits: Model['traits'] = ({ model }) =>
    withOptions(knownTraits(modelName(model, config, rules)), config);
  // Encrypted data is of use only where it was made.
  const origin = `responses ${hostOf(config, rules)}`;
  let count = 0;
  return {
    name: provider,
    traits,
    encode: (part) => encodePart(part, { origin, webSearch: config.webSearch === true }),
    async *stream(request: ModelRequest, context: ModelContext): AsyncGenerator<ModelEvent> {
      const known = traits(request.settings);
      const question: Question = {
        endpoint: resolveEndpoint(config, rules),
        options: config,
        path: '/responses',
        body: responsesBody(request, known, config),
        model: known.model,
        hasTools: request.parts.some(({ part }) => part.type === 'tools'),
        otherApi: 'if this server speaks only Chat Completions, use --provider openai-chat',
      };
      const prefix = `r${Date.now().toString(36)}_${++count}`;
      const reader = new ResponseReader({ origin, asked: askedBy(question), prefix });
      for await (const events of exchange(question, context)) {
        for (const event of events) reader.read(event);
        yield* reader.events.take();
        if (reader.isDone) return;
      }
      throw new ModelError(
        'model_busy',
        `the answer of ${question.endpoint.host} was cut off: its stream ended without response.completed`,
      );
    },
  };
}
