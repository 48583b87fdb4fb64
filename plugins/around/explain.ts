/** Shows what a thread sends to its model, byte for byte, without sending it: the request `prompt/explain`. */

import {
  aroundModel,
  type Client,
  type Host,
  invalid,
  type JsonSchema,
  KernelError,
  type Plugin,
  requests,
  type Settings,
  type StreamModel,
} from '../../core/index.ts';
import { capture, type Captured, unsent } from './explain/capture.ts';
import { explain, type Explanation } from './explain/rows.ts';
import { modelOf, type Wanted, withStored } from './explain/stored.ts';
import { ownersIn } from './owner/owners.ts';

/** Adds `prompt/explain`, and the wrapper of the model by which it gets at requests; threads of others pass it. */
export default function explainPlugin(): Plugin {
  return {
    name: 'explain',
    api: 1,
    setup: (host) => {
      const shown = new Map<string, Shown>();
      host.add(aroundModel, capturing(shown), 'last');
      host.add(requests, {
        name: 'prompt/explain',
        params: paramsSchema,
        result: { type: 'object' },
        run: async (params, { signal }) => {
          const { thread, number, ...fresh } = readParams(params);
          if (thread === undefined) return explainNew(fresh, { host, shown, signal });
          return explainStored({ thread, number }, { host, shown, signal });
        },
      });
    },
  };
}

/** `thread` and the number of its request, or (without) what a new thread would send, with that input. */
interface ExplainParams {
  readonly thread?: string;
  readonly number?: number;
  readonly input?: string;
  readonly settings?: Partial<Settings>;
}

const paramsSchema: JsonSchema = {
  type: 'object',
  properties: {
    thread: { type: 'string' },
    number: { type: 'integer', minimum: 1 },
    input: { type: 'string' },
    settings: { type: 'object' },
  },
  additionalProperties: false,
};

function readParams(params: unknown): ExplainParams {
  const { thread, number, input, settings } = Object(params) as Record<string, unknown>; // read below
  if (![thread, input].every((one) => one === undefined || typeof one === 'string'))
    throw invalid`prompt/explain expected thread and input to be texts`;
  if (number !== undefined && !(Number.isInteger(number) && Number(number) > 0))
    throw invalid`prompt/explain expected number to be 1 or more, but got ${JSON.stringify(number)}`;
  return { thread, number, input, settings } as ExplainParams; // just checked; the kernel reads settings
}

/** A thread whose requests are not sent: how they are named instead, and what was seen of the first. */
interface Shown {
  readonly as: string;
  readonly hasInput: boolean;
  seen?: Captured;
}

interface Work {
  readonly host: Host;
  readonly shown: Map<string, Shown>;
  readonly signal: AbortSignal;
}

/** Stands innermost, so that it sees what other wrappers made of the window. */
function capturing(
  shown: ReadonlyMap<string, Shown>,
): (...call: [...Parameters<StreamModel>, StreamModel]) => ReturnType<StreamModel> {
  return (request, context, next) => {
    const one = shown.get(request.thread);
    return one === undefined ? next(request, context) : unsentAnswer(one, request, context, next);
  };
}

async function* unsentAnswer(
  shown: Shown,
  ...[request, context, next]: [...Parameters<StreamModel>, StreamModel]
): ReturnType<StreamModel> {
  const parts = request.parts.filter(({ part }) => shown.hasInput || part.type !== 'user');
  shown.seen ??= await capture({ ...request, parts, thread: shown.as }, context, next);
  yield* unsent;
}

/** Stands for the id of a thread that is not there, so that the same inputs give the same bytes. */
const noThread = '00000000-0000-7000-8000-000000000000';

async function explainNew(
  { input = '', settings }: ExplainParams,
  { host, shown, signal }: Work,
): Promise<Explanation> {
  const { client } = host;
  const { id } = await client.request('thread/start', { ephemeral: true, settings });
  const one: Shown = { as: noThread, hasInput: input !== '' };
  shown.set(id, one);
  try {
    await runTurn(client, id, { input, signal });
    const window = await client.request('thread/window', { thread: id });
    const owners = ownersIn(await client.request('kernel/describe', {}));
    return await explain(seenIn(one), { owners, window });
  } finally {
    shown.delete(id);
    await client.request('thread/close', { thread: id });
  }
}

/** Throws what failed the turn. */
async function runTurn(
  client: Client,
  thread: string,
  { input, signal }: { readonly input: string; readonly signal: AbortSignal },
): Promise<void> {
  using events = client.subscribe({ thread });
  const interrupt = () => void client.request('turn/interrupt', { thread }).catch(() => {});
  signal.addEventListener('abort', interrupt, { once: true });
  await client.request('turn/start', { thread, input: [{ type: 'text', text: input }] });
  for await (const event of events) {
    if (event.type !== 'item/appended' || event.item.type !== 'end') continue;
    signal.removeEventListener('abort', interrupt);
    signal.throwIfAborted();
    const { error } = event.item;
    if (error === undefined) return;
    throw new KernelError('plugin', `the request could not be made: ${error.message}`);
  }
}

function explainStored(wanted: Wanted, { host, shown, signal }: Work): Promise<Explanation> {
  return withStored(wanted, host, async ({ request, window, number, step }) => {
    const one: Shown = { as: wanted.thread, hasInput: true };
    shown.set(request.thread, one);
    try {
      const stream = throughWrappers(host, window.provider);
      const context = { signal, effects: host.effects, notice: () => {} };
      for await (const event of stream(request, context)) if (event.type === 'done') break;
    } finally {
      shown.delete(request.thread);
    }
    const owners = ownersIn(await host.client.request('kernel/describe', {}));
    const explained = await explain(seenIn(one), { owners, window });
    return { ...explained, thread: wanted.thread, request: number, usage: step?.usage };
  });
}

function throughWrappers(host: Host, provider: string): StreamModel {
  const wrappers = host.get(aroundModel);
  const { stream } = modelOf(host, provider);
  const step = (index: number): StreamModel => {
    const wrapper = wrappers[index];
    return (request, on) => wrapper?.(request, on, step(index + 1)) ?? stream(request, on);
  };
  return step(0);
}

function seenIn({ seen }: Shown): Captured {
  if (seen !== undefined) return seen;
  throw new KernelError(
    'plugin',
    'no request reached the model: a plugin that wraps it answered in its place',
  );
}
