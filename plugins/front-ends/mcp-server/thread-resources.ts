/** Threads as resources: what they are, their items, the diff of a turn. */

import type { Item } from '../../../core/index.ts';
import type { Agent } from './agent.ts';
import type { Changes } from './changes.ts';
import type { CallContext } from './held-call.ts';
import { settingsShown } from './report.ts';
import type { ServedResources } from './served.ts';

const json = 'application/json';
const diffType = 'text/x-diff';
/** The most items that one resource holds; a later one goes on after the last of them. */
const maxItems = 200;
/** How many threads are listed one by one. */
const maxListed = 50;

const place = /^spindle:\/\/thread\/([^/]+)(?:\/(items)(?:\/(\d+))?|\/turn\/([^/]+)\/diff)?$/;
const uriOf = (thread: string) => `spindle://thread/${thread}`;

const templates = [
  { uriTemplate: 'spindle://thread/{threadId}', name: 'thread', mimeType: json },
  { uriTemplate: 'spindle://thread/{threadId}/items', name: 'items', mimeType: json },
  {
    uriTemplate: 'spindle://thread/{threadId}/items/{after}',
    name: 'items-after',
    description: 'The items after one, by its number.',
    mimeType: json,
  },
  {
    uriTemplate: 'spindle://thread/{threadId}/turn/{turnId}/diff',
    name: 'diff',
    description: 'What a turn changed, as a unified diff.',
    mimeType: diffType,
  },
].map((one) => ({ title: `Spindle: ${one.name}`, ...one }));

/** Lists and reads them; those of other folders than the server's are not there. */
export function threadResources(agent: Agent, alone: CallContext): ServedResources {
  const { client } = agent;
  const list = async () => {
    const { threads } = await agent.list({ limit: maxListed }, alone);
    const each = threads.map(({ id, name, preview }) => ({
      uri: uriOf(id),
      name: id,
      title: name ?? preview.slice(0, 80),
      mimeType: json,
    }));
    const all = {
      uri: 'spindle://threads',
      name: 'threads',
      title: 'Spindle: threads',
      mimeType: json,
    };
    return [all, ...each, ...templates];
  };
  return {
    list,
    read: async (uri, call) => {
      if (uri === 'spindle://threads') {
        const { threads } = await agent.list({ limit: 100 }, alone);
        return contents(uri, json, JSON.stringify(threads, null, 2));
      }
      const [, thread, items, after = '-1', turn] = place.exec(uri) ?? [];
      if (thread === undefined) return undefined;
      const { settings } = await agent.look(thread, call);
      if (turn !== undefined) return contents(uri, diffType, await diffOf(agent, thread, turn));
      const read = await client.request('thread/read', { thread });
      if (items !== undefined) return contents(uri, json, pageOf(read.items, Number(after)));
      const info = {
        threadId: thread,
        settings: settingsShown(settings),
        turns: turnsOf(read.items),
      };
      return contents(uri, json, JSON.stringify(info, null, 2));
    },
    complete: async (variable, value, given) => {
      if (variable === 'threadId') return threadIds(agent, value, alone);
      const thread = given['threadId'];
      if (variable !== 'turnId' || thread === undefined) return [];
      await agent.look(thread, alone);
      const { items } = await client.request('thread/read', { thread });
      return turnsOf(items)
        .map(({ turnId }) => turnId)
        .filter((id) => id.startsWith(value));
    },
  };
}

/** The ids of threads that begin like this, newest first. */
export async function threadIds(
  agent: Agent,
  value: string,
  alone: CallContext,
): Promise<readonly string[]> {
  const { threads } = await agent.list({ limit: 1000 }, alone);
  return threads.map(({ id }) => id).filter((id) => id.startsWith(value));
}

const contents = (uri: string, mimeType: string, text: string) => ({
  contents: [{ uri, mimeType, text }],
});

function pageOf(all: readonly Item[], after: number): string {
  const items = all.slice(after + 1, after + 1 + maxItems);
  const last = items.at(-1)?.n ?? after;
  return JSON.stringify({ items, last, hasMore: last < all.length - 1 });
}

function turnsOf(items: readonly Item[]) {
  return items.flatMap((item) => {
    if (item.type !== 'turn') return [];
    const end = items.find((one) => one.type === 'end' && one.id === item.id);
    const answer = items.findLast((one) => one.type === 'assistant' && one.turn === item.id);
    const status = end?.type === 'end' ? end.status : 'running';
    return [{ turnId: item.id, status, answer: answer?.type === 'assistant' ? answer.text : '' }];
  });
}

async function diffOf({ client }: Agent, thread: string, turn: string): Promise<string> {
  const answer = await client.call('checkpoint/diff', { thread, turn });
  return (answer as { readonly diff?: string }).diff ?? ''; // as the plugin `checkpoints` answers
}

/** Tells hosts when a thread, its items, or the diff of its turn has changed. Dispose to stop. */
export function watchThreads({ client }: Agent, { tell }: Changes): Disposable {
  const turns = new Map<string, string>();
  return client.listen((event) => {
    if (event.type === 'thread/started' || event.type === 'thread/removed') {
      if (!('info' in event && event.info.ephemeral)) tell({ list: 'resources' });
      return tell({ uri: 'spindle://threads' });
    }
    if (event.type !== 'thread/status') return;
    const { thread, status } = event;
    const ended = status.turn === undefined ? turns.get(thread) : undefined;
    if (status.turn === undefined) turns.delete(thread);
    else turns.set(thread, status.turn);
    const uri = uriOf(thread);
    for (const one of [uri, `${uri}/items`]) tell({ uri: one });
    if (ended !== undefined) tell({ uri: `${uri}/turn/${ended}/diff` });
  });
}
