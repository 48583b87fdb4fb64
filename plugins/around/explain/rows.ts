/** An explained request: part by part, adding up to its body. */

import { textOf } from '../../../core/index.ts';
import type { Part, Result, Usage } from '../../../core/index.ts';
import type { Owners } from '../owner/owners.ts';
import type { Captured } from './capture.ts';
import { type Segment, segmentsOf } from './segments.ts';

/** What `prompt/explain` gives; docs/prompt.md has a line on each member. */
export interface Explanation {
  readonly provider: string;
  readonly model: string;
  readonly thread?: string;
  /** Which request of the thread, from 1 on. */
  readonly request?: number;
  /** Tokens as the provider counted them. */
  readonly usage?: Usage;
  /** Of the body; 0 when the model sends none. */
  readonly bytes: number;
  readonly hash: string;
  /** Bytes that are no part's. */
  readonly envelope: number;
  readonly parts: readonly ExplainedRow[];
  /** The body: `part` is an index into `parts`, absent for the envelope. */
  readonly segments: readonly Segment[];
  /** Why there is no body, or why it could not be told apart. */
  readonly fault?: string;
}

interface ExplainedRow {
  readonly kind: Exclude<Part['type'], 'tools'> | 'tool';
  readonly name: string;
  /** The plugin. */
  readonly owner: string;
  /** File, server, or what the plugin calls it. */
  readonly source: string;
  readonly role: string;
  readonly stability: string;
  readonly pinned: boolean;
  /** The item it is from. */
  readonly ordinal: number;
  /** Of the provider's encoding. `tokens` is an estimate, `hash` the start of its SHA-256. */
  readonly bytes: number;
  readonly tokens: number;
  readonly hash: string;
  /** What it says, in the provider's encoding and without. */
  readonly text: string;
  readonly content: string;
}

type Row = Omit<ExplainedRow, 'bytes' | 'hash'>;

export interface Origins {
  readonly owners: Owners;
  readonly window: Result<'thread/window'>;
}

/** All of it but what names the thread. */
export async function explain(
  captured: Captured,
  origins: Origins,
): Promise<Omit<Explanation, 'thread' | 'request' | 'usage'>> {
  const { request, body, template } = captured;
  const { provider, model } = origins.window;
  const perPart = request.parts.map((one) => rowsOf(one, origins));
  const rows = perPart.flat();
  let count = 0;
  const starts = perPart.map((own) => (count += own.length) - own.length);
  const found = body === undefined ? undefined : segmentsOf(request.parts, body, template);
  const split = (found ?? [{ text: body ?? '' }]).flatMap((one) =>
    one.part === undefined ? [one] : within(one, perPart[one.part] ?? [], starts[one.part] ?? 0),
  );
  const segments = joined(split);
  const hashOf = await hasher();
  const envelope = segments.filter(({ part }) => part === undefined);
  const sent = bytesByPart(segments);
  const bytesFor = ({ text }: Row, at: number) =>
    found === undefined ? bytesOf(text) : (sent.get(at) ?? 0);
  const strange = `${provider} does not put its requests together from encoded parts, so bytes are the parts' own`;
  const fault = captured.fault ?? (body !== undefined && found === undefined ? strange : undefined);
  return {
    provider,
    model,
    bytes: bytesOf(body ?? ''),
    hash: body === undefined ? '' : hashOf(body),
    envelope: bytesOf(envelope.map(({ text }) => text).join('')),
    parts: rows.map((row, at) => ({ ...row, bytes: bytesFor(row, at), hash: hashOf(row.text) })),
    segments,
    ...(fault === undefined ? {} : { fault }),
  };
}

/** A part that the provider leaves out has none. */
function bytesByPart(segments: readonly Segment[]): ReadonlyMap<number, number> {
  const sums = new Map<number, number>();
  for (const { part, text } of segments)
    if (part !== undefined) sums.set(part, (sums.get(part) ?? 0) + bytesOf(text));
  return sums;
}

/** Tools one by one within their array; a part of several lines piece by piece. */
function within(segment: Segment, rows: readonly Row[], start: number): readonly Segment[] {
  if (rows[0]?.kind !== 'tool' || rows[0].text === segment.text)
    return [{ part: start, text: segment.text }];
  const tools = rows.flatMap(({ text }, at) => [{ text: ',' }, { part: start + at, text }]);
  return [{ text: '[' }, ...tools.slice(1), { text: ']' }];
}

/** Neighbours of the envelope as one. */
function joined(segments: readonly Segment[]): readonly Segment[] {
  const all: Segment[] = [];
  for (const one of segments) {
    const last = all.at(-1);
    if (last === undefined || last.part !== one.part || one.part !== undefined) all.push(one);
    else all[all.length - 1] = { text: last.text + one.text };
  }
  return all;
}

function rowsOf(
  { part, text }: Captured['request']['parts'][number],
  { owners, window }: Origins,
): readonly Row[] {
  const known = window.parts.find((one) => one.part.n === part.n);
  const { pinned = false, tokens = Math.ceil(text.length / 4) } = known ?? {};
  const base = { pinned, tokens, ordinal: part.n, text, stability: '' };
  if (part.type === 'tools') {
    return toolRows(text, part.tools).map(({ name, content, json, source }) => {
      const owner = owners.ofTool(name);
      const about = { kind: 'tool', name, owner, source, role: 'tool', content } as const;
      return { ...base, ...about, stability: 'fixed', tokens: estimate(json), text: json };
    });
  }
  if (part.type === 'fragment') {
    const { source, role, stability, plugin, text: content } = part;
    const owner = owners.ofSource(plugin);
    return [{ ...base, kind: 'fragment', name: plugin, owner, source, role, stability, content }];
  }
  return [{ ...base, kind: part.type, ...said(part, owners, window.provider) }];
}

function estimate(text: string): number {
  return Math.ceil(text.length / 4);
}

/** The elements of the provider's array, with what they are made of; a provider's own tool has no more than itself. */
function toolRows(text: string, tools: Extract<Part, { type: 'tools' }>['tools']) {
  const elements: unknown = JSON.parse(text || '[]');
  const each = Array.isArray(elements) ? elements.map((one) => JSON.stringify(one)) : [];
  const isWhole = `[${each.join(',')}]` === text;
  return (isWhole ? each : [text]).map((json, at) => {
    const tool = tools[at];
    const content = tool === undefined ? json : JSON.stringify(tool, null, 2);
    return { json, content, name: tool?.name ?? 'hosted', source: serverOf(tool?.description) };
  });
}

/** Descriptions of MCP servers' tools begin with the server that they are from. */
function serverOf(description = ''): string {
  return /^\[MCP ([^\]]+)\] /u.exec(description)?.[1] ?? '';
}

type Said = Exclude<Part, { readonly type: 'tools' | 'fragment' }>;

function said(
  part: Said,
  owners: Owners,
  provider: string,
): Pick<Row, 'name' | 'owner' | 'source' | 'role' | 'content'> {
  const ofModel = { name: '', owner: provider, source: '', role: 'assistant' };
  switch (part.type) {
    case 'user':
      return {
        name: '',
        owner: 'user',
        source: part.how,
        role: 'user',
        content: textOf(part.content),
      };
    case 'assistant':
      return { ...ofModel, content: part.text };
    case 'reasoning':
      return { ...ofModel, content: part.text ?? part.summary.join('\n') };
    case 'hosted':
      return { ...ofModel, name: part.name, content: part.summary };
    case 'call':
      return { ...ofModel, name: part.name, content: `${part.name} ${part.args}` };
    case 'result': {
      const owner = owners.ofTool(part.name);
      const content = textOf(part.content);
      return { name: part.name, owner, source: part.call, role: 'tool', content };
    }
  }
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}

async function hasher(): Promise<(text: string) => string> {
  const { createHash } = await import('node:crypto');
  return (text) => createHash('sha256').update(text).digest('hex').slice(0, 12);
}
