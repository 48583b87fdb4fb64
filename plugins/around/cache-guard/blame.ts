/** Who made a request that does not begin with the last one. */

import { models, type EncodedPart, type Host, type ModelRequest } from '../../../core/index.ts';
import type { ToolDefinition } from '../../../core/index.ts';
import { type Owners, ownersIn } from '../owner/owners.ts';
import type { Breach } from './compare.ts';

/** The plugin to blame, and what it did. */
export interface Blame {
  readonly plugin: string;
  readonly deed: string;
}

/** Wrappers of ours that pass requests on as they are. */
const faithful: ReadonlySet<string> = new Set(['cache-guard', 'explain', 'retry']);

/** Compares with the kernel's own window: what differs from that is the work of a wrapper of the model. */
export async function blameFor(
  breach: Breach,
  last: readonly EncodedPart[],
  { host, request }: { readonly host: Host; readonly request: ModelRequest },
): Promise<Blame> {
  const { thread, settings } = request;
  const owners = ownersIn(await host.client.request('kernel/describe', {}));
  const wrappers = owners.wrappers.filter((name) => !faithful.has(name));
  const model = host.get(models).get(settings.provider);
  if (wrappers.length > 0 && model !== undefined) {
    const { parts } = await host.client.request('thread/window', { thread });
    const kept = textsOf(parts.map(({ part }) => ({ part, text: model.encode(part) })));
    const deed = `changed ${nameOf(breach.was ?? breach.now)} on its way to the model`;
    if (isRewritten(request.parts, kept) || wasRewritten(breach, last, kept))
      return { plugin: wrappers.join(' or '), deed };
  }
  return blameInWindow(breach, owners, settings.provider);
}

/** Texts by ordinal. */
type Texts = ReadonlyMap<number, string>;

function textsOf(parts: readonly EncodedPart[]): Texts {
  return new Map(parts.map(({ part, text }) => [part.n, text]));
}

/** A compactor's question is there beside the window. */
function isRewritten(parts: readonly EncodedPart[], kept: Texts): boolean {
  const sent = textsOf(parts);
  return [...kept].some(([n, text]) => sent.get(n) !== text);
}

/** Whether the last request was another one than the window gives, or lacked what the window had by then. */
function wasRewritten({ was, now }: Breach, last: readonly EncodedPart[], kept: Texts): boolean {
  if (was !== undefined && (kept.get(was.part.n) ?? was.text) !== was.text) return true;
  const newest = last.at(-1)?.part.n ?? 0;
  return now !== undefined && now.part.n < newest && !textsOf(last).has(now.part.n);
}

function blameInWindow({ was, now }: Breach, owners: Owners, provider: string): Blame {
  const [before, after] = [was?.part, now?.part];
  if (before !== undefined && before.n === after?.n)
    return { plugin: provider, deed: `encoded ${nameOf(was)} in another way than before` };
  if ([before, after].some((part) => part?.type === 'tools')) {
    const tool = changedTool(definitions(was), definitions(now));
    return { plugin: owners.ofTool(tool), deed: `changed the tools, at "${tool}"` };
  }
  const fragment = before ?? after;
  if (fragment?.type !== 'fragment')
    return { plugin: 'history', deed: `no longer keeps ${nameOf(was)} in the window` };
  const deed =
    before === undefined ? `added ${nameOf(now)} in mid-thread` : `took back ${nameOf(was)}`;
  return { plugin: owners.ofSource(fragment.plugin), deed };
}

function definitions(one: EncodedPart | undefined): readonly ToolDefinition[] {
  return one?.part.type === 'tools' ? one.part.tools : [];
}

function changedTool(was: readonly ToolDefinition[], now: readonly ToolDefinition[]): string {
  const before = new Map(was.map((tool) => [tool.name, JSON.stringify(tool)]));
  const added = now.find((tool) => before.get(tool.name) !== JSON.stringify(tool));
  const names = new Set(now.map(({ name }) => name));
  return added?.name ?? was.find(({ name }) => !names.has(name))?.name ?? now[0]?.name ?? 'none';
}

function nameOf(one: EncodedPart | undefined): string {
  if (one === undefined) return 'a part';
  const { part } = one;
  if (part.type === 'fragment') return `the ${part.role} text from ${part.source}`;
  return part.type === 'tools' ? 'the tools' : `the ${part.type} item at ordinal ${part.n}`;
}
