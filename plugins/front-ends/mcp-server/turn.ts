/** One turn for a host: started, told of while it runs, its questions asked, ended with the call. */

import type {
  Client,
  Content,
  JsonSchema,
  QuestionItem,
  ThreadEvent,
  ThreadInfo,
} from '../../../core/index.ts';
import { slashOf } from '../exec/slash.ts';
import { line, styleOf } from '../terminal/style.ts';
import { itemLines } from '../view/item-lines.ts';
import type { CallContext } from './held-call.ts';
import { answerFrom, canFillForms, elicitationFor } from './question.ts';
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

/** Runs a turn of the agent to its end, telling of it. */
export async function runTurn(
  client: Client,
  info: ThreadInfo,
  input: TurnInput,
  call: CallContext,
): Promise<Report> {
  const tell = teller(call, info.settings.cwd);
  const { followed, turn } = await driveTurn(client, info, input, { call, tell });
  const report = reportOf(followed, { thread: info.id, turn });
  return { ...report, changes: (await filesOf(client, info.id, turn)) ?? report.changes };
}

/** What the turn changed, by commands too, where the plugin `checkpoints` has kept it. */
async function filesOf(client: Client, thread: string, turn: string) {
  try {
    const answer = await client.call('checkpoint/diff', { thread, turn });
    return (answer as { readonly files: Report['changes'] }).files; // as `checkpoints` answers
  } catch {
    return undefined;
  }
}

/** A call, and who is told what happens in its turn. */
export interface Driving {
  readonly call: CallContext;
  readonly tell: (event: ThreadEvent) => Promise<void>;
}

/** Runs a turn to its end. Aborting the call interrupts it. A host that can be asked answers its questions. */
export async function driveTurn(
  client: Client,
  { id: thread, last }: ThreadInfo,
  { input, outputSchema }: TurnInput,
  { call, tell }: Driving,
): Promise<{ readonly followed: Followed; readonly turn: string }> {
  const answers = canFillForms(call.abilities());
  using events = client.subscribe({ thread, after: last, answers });
  call.signal.throwIfAborted();
  const { turn, text } = await startTurn(client, thread, { input, outputSchema });
  if (turn === undefined) return { followed: saying(text ?? 'Done.'), turn: '' };
  const interrupt = () => void client.request('turn/interrupt', { thread, turn }).catch(() => {});
  call.signal.addEventListener('abort', interrupt, { once: true });
  if (call.signal.aborted) interrupt();
  try {
    return { followed: await follow(events, { client, call, tell, turn, thread }), turn };
  } finally {
    call.signal.removeEventListener('abort', interrupt);
  }
}

/** `/name argument` runs a command, where there is one of that name; it may start no turn, and say something. */
async function startTurn(client: Client, thread: string, said: TurnInput) {
  const { input, outputSchema } = said;
  const slash = await slashOf({ content: input }, client);
  if (slash === undefined) return { ...(await client.request('turn/start', { thread, ...said })) };
  const { name, argument, rest } = slash;
  const params = { thread, name, argument, input: rest, outputSchema };
  return (await client.call('command/run', params)) as {
    readonly turn?: string;
    readonly text?: string;
  }; // as the plugin `commands` answers
}

function saying(text: string): Followed {
  const end = { type: 'end', id: '', status: 'completed', durationMs: 0, n: -1, at: 0 } as const;
  return { ...nothingYet, outcome: { ...nothingYet.outcome, text, end } };
}

interface Context extends Driving {
  readonly client: Client;
  readonly thread: string;
  readonly turn: string;
}

async function follow(events: AsyncIterable<ThreadEvent>, context: Context): Promise<Followed> {
  const open = new Map<string, AbortController>();
  let followed = nothingYet;
  for await (const event of itsOwn(events, context.turn)) {
    if (event.type === 'thread/status') {
      const broken = event.status.error;
      if (broken === undefined || event.status.state === 'active') continue;
      return { ...followed, outcome: { ...followed.outcome, broken } };
    }
    await context.tell(event);
    if (event.type === 'item/delta') continue;
    const { item } = event;
    followed = followedWith(followed, item);
    if (item.type === 'question') open.set(item.id, ask(item, context));
    if (item.type === 'answer') open.get(item.question)?.abort();
    if (item.type === 'end') return followed;
  }
  return followed;
}

/** What concerns this turn: others may run in the thread before it. */
async function* itsOwn(events: AsyncIterable<ThreadEvent>, turn: string) {
  let isRunning = false;
  for await (const event of events) {
    if (event.type === 'item/appended') {
      if (event.item.turn !== turn) continue;
      isRunning = true;
    }
    if (isRunning || event.type === 'thread/status') yield event;
  }
}

/** Asks the host, unless somebody else answers first. */
function ask({ id: question, question: asked }: QuestionItem, context: Context): AbortController {
  const controller = new AbortController();
  const { client, call, thread } = context;
  const signal = AbortSignal.any([controller.signal, call.signal]);
  const answering = async () => {
    const request = elicitationFor(asked);
    const replies =
      request && (await call.ask({ [question]: request }, signal).catch(() => undefined));
    if (signal.aborted) return;
    const answer = answerFrom(asked, replies?.[question]);
    await client.request('question/answer', { thread, question, answer });
  };
  answering().catch(() => {}); // it was answered by somebody else
  return controller;
}

/** Progress in words: steps, commands with how they ended, diffs, what was denied. */
function teller(call: CallContext, cwd: string): Driving['tell'] {
  const lines = itemLines({ style: plain, cwd, ...shownLines });
  const output = outputTeller(call);
  let steps = 0;
  return async (event) => {
    if (event.type !== 'item/appended') return output(event);
    const { item } = event;
    const said = item.type === 'assistant' ? [item.text] : lines(item);
    const step = item.type === 'step' ? [`step ${++steps}`] : [];
    const message = [...said, ...step].join('\n');
    if (message !== '') await call.progress({ message });
  };
}

/** Tells of the output of a running command, its last line, once in a while. */
export function outputTeller(call: CallContext): Driving['tell'] {
  let told = 0;
  return async (event) => {
    const isDue = performance.now() - told >= outputMs;
    if (!isDue || event.type !== 'item/delta' || event.kind !== 'output') return;
    told = performance.now();
    await call.progress({ message: line(event.text.trimEnd().split('\n').at(-1) ?? '', 400) });
  };
}
