/** One turn for a host: started, told of while it runs, its questions asked, ended with the call. */

import type {
  Client,
  Content,
  JsonSchema,
  QuestionItem,
  ThreadEvent,
  ThreadInfo,
} from '../../../core/index.ts';
import { line, styleOf } from '../terminal/style.ts';
import { itemLines } from '../view/item-lines.ts';
import type { CallContext } from './held-call.ts';
import { answerFrom, elicitationFor } from './question.ts';
import { followedWith, nothingYet, reportOf, type Followed, type Report } from './report.ts';

/** What is said, and the form of the answer. */
export interface TurnInput {
  readonly input: readonly Content[];
  readonly outputSchema?: JsonSchema | undefined;
}

const plain = styleOf(false);
/** Of a diff and of a failed command's output, in progress messages. */
const shownLines = { maxDiff: 60, maxTail: 12 };
/** Output of a running command is told of at most this often. */
const outputMs = 1000;

/** Runs a turn to its end. Aborting the call interrupts it. A host that can be asked answers its questions. */
export async function runTurn(
  client: Client,
  { id: thread, last, settings }: ThreadInfo,
  { input, outputSchema }: TurnInput,
  call: CallContext,
): Promise<Report> {
  const answers = call.abilities().elicitation !== undefined;
  using events = client.subscribe({ thread, after: last, answers });
  call.signal.throwIfAborted();
  const { turn } = await client.request('turn/start', { thread, input, outputSchema });
  const interrupt = () => void client.request('turn/interrupt', { thread, turn }).catch(() => {});
  call.signal.addEventListener('abort', interrupt, { once: true });
  if (call.signal.aborted) interrupt();
  try {
    const context = { client, call, turn, thread, cwd: settings.cwd };
    return reportOf(await follow(events, context), { thread, turn });
  } finally {
    call.signal.removeEventListener('abort', interrupt);
  }
}

interface Context {
  readonly client: Client;
  readonly call: CallContext;
  readonly thread: string;
  readonly turn: string;
  readonly cwd: string;
}

async function follow(events: AsyncIterable<ThreadEvent>, context: Context): Promise<Followed> {
  const tell = teller(context);
  const open = new Map<string, AbortController>();
  let followed = nothingYet;
  for await (const event of events) {
    if (event.type === 'thread/status') {
      const broken = event.status.state !== 'active' ? event.status.error : undefined;
      if (broken === undefined) continue;
      return { ...followed, outcome: { ...followed.outcome, broken } };
    }
    await tell(event);
    if (event.type !== 'item/appended' || event.item.turn !== context.turn) continue;
    const { item } = event;
    followed = followedWith(followed, item);
    if (item.type === 'question') open.set(item.id, ask(item, context));
    if (item.type === 'answer') open.get(item.question)?.abort();
    if (item.type === 'end') return followed;
  }
  return followed;
}

/** Asks the host, unless somebody else answers first. */
function ask({ id: question, question: asked }: QuestionItem, context: Context): AbortController {
  const controller = new AbortController();
  const { client, call, thread } = context;
  const signal = AbortSignal.any([controller.signal, call.signal]);
  const answering = async () => {
    const request = elicitationFor(asked);
    const replies = request && (await call.ask({ answer: request }, signal).catch(() => undefined));
    if (signal.aborted) return;
    const answer = answerFrom(asked, replies?.['answer']);
    await client.request('question/answer', { thread, question, answer });
  };
  answering().catch(() => {}); // it was answered by somebody else
  return controller;
}

/** Progress in words: steps, commands with how they ended, diffs, what was denied. */
function teller({ call, cwd, turn }: Context): (event: ThreadEvent) => Promise<void> {
  const lines = itemLines({ style: plain, cwd, ...shownLines });
  let steps = 0;
  let told = 0;
  let isRunning = false;
  return async (event) => {
    if (event.type === 'item/delta') {
      const isDue = performance.now() - told >= outputMs;
      if (!isRunning || !isDue || event.kind !== 'output') return;
      told = performance.now();
      return call.progress({ message: line(event.text.trimEnd().split('\n').at(-1) ?? '', 400) });
    }
    if (event.type !== 'item/appended' || event.item.turn !== turn) return;
    const { item } = event;
    isRunning = true;
    const said = item.type === 'assistant' ? [item.text] : lines(item);
    const step = item.type === 'step' ? [`step ${++steps}`] : [];
    const message = [...said, ...step].join('\n');
    if (message === '') return;
    told = performance.now();
    await call.progress({ message });
  };
}
