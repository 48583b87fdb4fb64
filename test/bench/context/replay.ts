/** Plays a recording again under one strategy, against the stand-in, and counts what it sent. */

import { createKernel, textOf, type Item, type Plugin } from '../../../core/index.ts';
import provider from '../../../plugins/compactors/provider.ts';
import prune from '../../../plugins/compactors/prune.ts';
import summary from '../../../plugins/compactors/summary.ts';
import local from '../../../plugins/machines/local.ts';
import openaiResponses from '../../../plugins/models/openai-responses.ts';
import history from '../../../plugins/prompts/history.ts';
import system from '../../../plugins/prompts/system.ts';
import { startModelServer, type Answer, type ModelRequest } from '../../fixtures/model-server.ts';
import { playing, type Recording, sayAll } from './threads.ts';

/** Tokens of the window in which a thread has to find room. */
const windowTokens = 12_000;

/** What is configured, by the strategy's name. */
export const strategies: Readonly<Record<string, readonly (() => Plugin)[]>> = {
  none: [],
  prune: [prune],
  summary: [summary, prune],
  provider: [provider, summary, prune],
};

/** What came of it. Tokens are characters / 4 of the requests' bodies. */
export interface Outcome {
  readonly requests: number;
  readonly compactions: number;
  /** Rules that the last request holds word for word, of all. */
  readonly kept: number;
  readonly rules: number;
  readonly input: number;
  /** Of `input`, what a cache serves that keeps the longest beginning of what was sent before. */
  readonly cached: number;
  /** Of the largest request. */
  readonly largest: number;
}

/** Throws when a turn does not end as it was recorded. */
export async function replay(recording: Recording, strategy: string): Promise<Outcome> {
  const { items, rules } = recording;
  const answers = answersIn(items);
  const server = await startModelServer({
    script: (request) =>
      isAside(request) ? summaryOf(request) : (answers.shift() ?? { text: 'Done.' }),
  });
  await using _closing = server;
  const results = items.flatMap((item) => (item.type === 'result' ? [textOf(item.content)] : []));
  const window = strategy === 'none' ? 10_000_000 : windowTokens;
  const config = { baseURL: server.url, model: 'stand-in', apiKey: 'k', output: 1000, window };
  const compactors = strategies[strategy] ?? [];
  const plugins = [
    local(),
    openaiResponses({ ...config, compact: true }),
    system(),
    history(),
    playing((count) => results[count] ?? ''),
    ...compactors.map((make) => make()),
  ];
  const said = items.flatMap((item) => (item.type === 'user' ? [textOf(item.content)] : []));
  const compactions = await play(plugins, said);
  const last = server.requests.at(-1)?.body ?? '';
  const kept = rules.filter((rule) => last.includes(rule)).length;
  return { ...sentIn(server.requests), compactions, kept, rules: rules.length };
}

/** Says it all, and counts how often the window moved. */
async function play(plugins: readonly Plugin[], said: readonly string[]): Promise<number> {
  await using kernel = await createKernel({
    plugins: plugins.map((plugin) => ({ plugin })),
    settings: { cwd: '/', roots: ['/'], provider: 'openai-responses' },
  });
  const client = kernel.client('bench');
  const { id: thread } = await client.request('thread/start', { ephemeral: true });
  await sayAll(client, thread, said);
  const { items } = await client.request('thread/read', { thread });
  return items.filter(({ type }) => type === 'window').length;
}

/** What the model answered, step by step. */
function answersIn(items: readonly Item[]): Answer[] {
  const answers: Answer[] = [];
  let parts: Answer['parts'] = [];
  for (const item of items) {
    if (item.type === 'assistant') parts = [...parts, { text: item.text }];
    if (item.type === 'call') parts = [...parts, { call: item.name, args: JSON.parse(item.args) }];
    if (item.type !== 'step') continue;
    answers.push({ parts });
    parts = [];
  }
  return answers;
}

const isAside = ({ body }: ModelRequest) => body.includes('"tool_choice":"none"');

/** A summariser that does what it can: it repeats the rules that it is shown. */
function summaryOf({ body }: ModelRequest): Answer {
  const rules = new Set([...body.matchAll(/Rule \d+: [^."]*\./g)].map(([rule]) => rule));
  return {
    text: `Task: as the user said, under these rules. ${[...rules].join(' ')} Done: what the harness lists. Next: to go on.`,
  };
}

function sentIn(
  requests: readonly ModelRequest[],
): Pick<Outcome, 'requests' | 'input' | 'cached' | 'largest'> {
  let [input, cached, largest] = [0, 0, 0];
  const before: string[] = [];
  for (const { body } of requests) {
    input += body.length / 4;
    cached += Math.max(0, ...before.slice(-4).map((one) => commonLength(one, body))) / 4;
    largest = Math.max(largest, body.length / 4);
    before.push(body);
  }
  return { requests: requests.length, input, cached, largest };
}

function commonLength(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}
