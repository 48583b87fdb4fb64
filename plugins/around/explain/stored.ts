/** Requests of threads, made again from their items. */

import { invalid, isPart, models, noModel } from '../../../core/index.ts';
import type {
  Client,
  Host,
  Item,
  Model,
  ModelRequest,
  Result,
  StepItem,
} from '../../../core/index.ts';

/** A request, and of what it was made. */
export interface Stored {
  readonly request: ModelRequest;
  readonly window: Result<'thread/window'>;
  /** From 1 on; absent for one that has not been sent. */
  readonly number?: number;
  readonly step?: StepItem;
}

export interface Wanted {
  readonly thread: string;
  /** Which one, from 1 on; default: the last that was answered, else the one to come. */
  readonly number?: number;
}

/**
 * The request of a thread as it was when it left. It is read from a copy, in memory, of the items up to then, which
 * `use` may ask for its window: the thread itself is not loaded. Throws `not_found`, `invalid`, `model_config`.
 */
export async function withStored<T>(
  { thread, number }: Wanted,
  host: Host,
  use: (stored: Stored) => Promise<T>,
): Promise<T> {
  const { client } = host;
  const { items } = await client.request('thread/read', { thread });
  const place = placeOf(items, number);
  const fork = { thread, after: place.after, ephemeral: true };
  const { id, settings } = await client.request('thread/fork', fork);
  try {
    const window = await client.request('thread/window', { thread: id });
    const model = modelOf(host, settings.provider);
    const turn = items.slice(0, place.after + 1).findLast((item) => item.type === 'turn');
    const request: ModelRequest = {
      thread: id,
      settings,
      parts: window.parts.map(({ part }) => ({ part, text: model.encode(part) })),
      toolChoice: 'auto',
      outputSchema: turn?.outputSchema,
    };
    return await use({ request, window, ...place });
  } finally {
    await close(client, id);
  }
}

/** A model plugin by the name that settings know. Throws `model_config`. */
export function modelOf(host: Host, provider: string): Model {
  const model = host.get(models).get(provider);
  if (model !== undefined) return model;
  throw noModel`there is no model provider "${provider}"`;
}

function close(client: Client, thread: string): Promise<unknown> {
  return client.request('thread/close', { thread });
}

/** The last item that a request was made of: before the outputs that stand with its `step`. */
function placeOf(
  items: readonly Item[],
  number: number | undefined,
): { readonly after: number; readonly number?: number; readonly step?: StepItem } {
  const steps = items.flatMap((item, at) => (item.type === 'step' ? [{ item, at }] : []));
  const wanted = number ?? steps.length;
  const found = steps[wanted - 1];
  if (found === undefined) {
    if (number === undefined) return { after: items.length - 1 };
    throw invalid`expected a request from 1 to ${steps.length} of this thread, but got ${number}`;
  }
  let after = found.at - 1;
  for (let item = items[after]; item !== undefined && isAnswer(item); item = items[after]) after--;
  return { after, number: wanted, step: found.item };
}

function isAnswer(item: Item): boolean {
  const isSaid = item.type === 'tools' || item.type === 'fragment' || item.type === 'user';
  return isPart(item) && !isSaid && item.type !== 'result';
}
