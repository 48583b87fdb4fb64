/** The answer of the request `prompt/explain`, which the plugin `explain` adds; docs/prompt.md. */

import type { Client, Settings, Usage } from '../../../core/index.ts';

/** A request to a model, part by part. Bytes of the parts and `envelope` add up to `bytes`, unless there is a `fault`. */
export interface Explanation {
  readonly provider: string;
  readonly model: string;
  readonly thread?: string;
  readonly request?: number;
  readonly usage?: Usage;
  readonly bytes: number;
  readonly hash: string;
  readonly envelope: number;
  readonly parts: readonly ExplainedPart[];
  readonly segments: readonly { readonly part?: number; readonly text: string }[];
  readonly fault?: string;
}

export interface ExplainedPart {
  readonly kind: string;
  readonly name: string;
  readonly owner: string;
  readonly source: string;
  readonly role: string;
  readonly stability: string;
  readonly pinned: boolean;
  readonly ordinal: number;
  readonly bytes: number;
  readonly tokens: number;
  readonly hash: string;
  readonly text: string;
  readonly content: string;
}

/** How a new thread is asked for. */
export interface Asking {
  readonly settings?: Partial<Settings>;
}

/** A configuration's own kernel, closed when disposed; `undefined` when there is no such file or folder. */
export type OpenConfiguration = (
  path: string,
) => Promise<({ readonly client: Client } & AsyncDisposable) | undefined>;

/** What to explain: a stored thread's request, or what a new thread would send. */
export type Subject =
  | { readonly thread: string; readonly number?: number }
  | ({ readonly input?: string } & Asking);

/** Throws what the request throws. */
export async function explained(
  client: Client,
  subject: Subject,
  signal: AbortSignal,
): Promise<Explanation> {
  return (await client.call('prompt/explain', subject, signal)) as Explanation; // as that plugin promises
}

/** A part as people name it: what it is, from where. */
export function nameOf({ kind, name, source }: ExplainedPart): string {
  const from = kind === 'fragment' && source !== name ? `${name} ${source}` : name || source;
  return from === '' ? kind : `${kind} ${from}`;
}
