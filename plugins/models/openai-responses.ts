import { ModelError, models } from '../../core/index.ts';
import type {
  Model,
  ModelContext,
  ModelEvent,
  ModelRequest,
  Part,
  Plugin,
  Traits,
} from '../../core/index.ts';
import { type ProviderCompaction, providerCompactions } from '../compactors/provider-slot.ts';
import { responsesBody, type BodyOptions } from './responses/body.ts';
import { encodePart } from './responses/encode.ts';
import { ResponseReader } from './responses/read.ts';
import { askedBy, type Question } from './wire/client.ts';
import { exchange } from './wire/exchange.ts';
import { knownTraits } from './wire/families.ts';
import { type EndpointRules, hostOf, namedModel } from './wire/provider.ts';
import { resolveEndpoint, takesImages, withOptions } from './wire/provider.ts';

/**
 * Options of openai-responses. `webSearch`: the provider may search the web. `reasoningSummary`: ask for summaries of
 * what the model thinks (OpenAI gives them to verified organizations). `serviceTier`: OpenAI's. `compact`: the host makes
 * a full window smaller itself (`/responses/compact`), in a form that only it can read.
 */
export type ResponsesOptions = BodyOptions;

/** Answers when nobody names a model: the newest general one of openai 7.57's list that is made for code. */
const defaultModel = 'gpt-6.1-sol';
const defaultNotice = `no model is named, so ${defaultModel} answers: --model NAME, OPENAI_MODEL, or "model" in the configuration names another`;

/**
 * Models behind OpenAI's Responses API. Nothing is kept at the provider (`store: false`): reasoning comes back encrypted
 * and is carried in the thread.
 */
export default function openaiResponses(config: ResponsesOptions = {}): Plugin {
  const name = config.name ?? 'openai-responses';
  return {
    name,
    api: 1,
    setup: (host) => {
      const { compact, ...model } = responsesModel(name, config);
      host.add(models, model);
      if (config.compact === true) host.add(providerCompactions, { name, compact });
    },
  };
}

/** The schema of ResponsesOptions. */
export const options = async () => (await import('./wire/options.ts')).responsesOptions();

function responsesModel(
  provider: string,
  config: ResponsesOptions,
): Model & Pick<ProviderCompaction, 'compact'> {
  const rules: EndpointRules = {
    provider,
    env: process.env,
    fallbackURL: 'https://api.openai.com/v1',
    isKeyBound: false,
  };
  const named = (wanted: string | undefined) => namedModel(wanted, config, rules);
  const traits: Model['traits'] = ({ model }) =>
    withOptions(knownTraits(named(model) ?? defaultModel), config);
  // Encrypted data is of use only where it was made.
  const origin = `responses ${hostOf(config, rules)}`;
  const how = { origin, webSearch: config.webSearch === true, images: takesImages(config, rules) };
  /** Threads that were told of the default model. */
  const told = new Set<string>();
  let count = 0;
  const encode = (part: Part) => encodePart(part, how);
  const questionOf = ({ model }: Traits, parts: readonly Part[]) => ({
    endpoint: resolveEndpoint(config, rules),
    options: config,
    model,
    hasTools: parts.some((part) => part.type === 'tools'),
    otherApi: 'if this server speaks only Chat Completions, use --provider openai-chat',
  });
  return {
    name: provider,
    traits,
    encode,
    compact: async ({ thread, settings, parts }, context) => {
      const { compactParts } = await import('./responses/compact.ts');
      const question = questionOf(traits(settings), parts);
      const encoded = parts.map((part) => ({ part, text: encode(part) }));
      return compactParts(encoded, { question, thread, origin }, context);
    },
    async *stream(request: ModelRequest, context: ModelContext): AsyncGenerator<ModelEvent> {
      const known = traits(request.settings);
      if (named(request.settings.model) === undefined && !told.has(request.thread)) {
        told.add(request.thread);
        context.notice('info', defaultNotice);
      }
      const parts = request.parts.map(({ part }) => part);
      const body = responsesBody(request, known, config);
      const question: Question = { ...questionOf(known, parts), path: '/responses', body };
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
