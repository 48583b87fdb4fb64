/** One sub-agent at work: its turn followed to the end, with what of it its parent sees meanwhile. */

import {
  messageOf,
  type AssistantItem,
  type Client,
  type EndItem,
  type Item,
  type Subscription,
  type ThreadInfo,
  type Usage,
} from '../../core/index.ts';
import { progressLine } from './progress.ts';
import { Questions } from './questions.ts';

/** What one is to do, and for whom. */
export interface Assignment {
  readonly client: Client;
  readonly child: ThreadInfo;
  readonly parent: string;
  readonly call: string;
  readonly prompt: string;
  /** Tokens it may spend. */
  readonly tokens: number;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
  /** Told of each payment. */
  readonly spend: (tokens: number) => void;
}

/** What it came to, as far as it went. */
export interface Report {
  /** What it said last. */
  readonly text: string;
  /** Absent when its thread broke, or it has not ended yet. */
  readonly end?: EndItem;
  readonly broken?: string;
  readonly steps: number;
  readonly usage: Usage;
  /** In and out, with what its own sub-agents spent. */
  readonly tokens: number;
  /** What was denied because nobody was there to ask. */
  readonly denied: Questions['unanswered'];
}

/** Runs the turn. After an abort it resolves in a quarter of a second, with what there is. */
export async function runChild(assignment: Assignment): Promise<Report> {
  const { client, child, prompt, tokens, signal } = assignment;
  const thread = child.id;
  const course = new Course(assignment);
  using events = client.subscribe({ thread, after: child.last, answers: true });
  const limits = Number.isFinite(tokens) ? { limits: { tokens } } : {};
  const input = [{ type: 'text', text: prompt }] as const;
  const { turn } = await client.request('turn/start', { thread, input, ...limits });
  const { promise: late, resolve } = Promise.withResolvers<void>();
  using timers = new DisposableStack();
  const interrupt = () => {
    client.request('turn/interrupt', { thread, turn }).catch(() => {}); // it has ended
    timers.use(setTimeout(resolve, lateMs));
  };
  signal.addEventListener('abort', interrupt, { once: true });
  if (signal.aborted) interrupt();
  await Promise.race([course.follow(events, turn), late]);
  signal.removeEventListener('abort', interrupt);
  return course.report();
}

/** The parent's call has 400 ms after an interrupt. */
const lateMs = 250;

const nothing: Usage = { input: 0, cached: 0, output: 0, reasoning: 0 };

class Course {
  readonly #assignment: Assignment;
  readonly #questions: Questions;
  #said: AssistantItem[] = [];
  #end: EndItem | undefined;
  #broken: string | undefined;
  #steps = 0;
  #tokens = 0;
  #usage = nothing;

  constructor(assignment: Assignment) {
    const { client, child, parent, call } = assignment;
    this.#assignment = assignment;
    this.#questions = new Questions({ client, child: child.id, parent, call });
  }

  async follow(events: Subscription, turn: string): Promise<void> {
    for await (const event of events) {
      if (event.type === 'item/appended') this.#take(event.item);
      const isEnd = event.type === 'item/appended' && event.item.type === 'end';
      if (isEnd && event.item.id === turn) return;
      if (event.type !== 'thread/status' || event.status.error === undefined) continue;
      this.#broken = event.status.error.message;
      if (event.status.state !== 'active') return;
    }
  }

  #take(item: Item): void {
    const line = progressLine(item);
    if (line !== undefined) this.#assignment.progress(`${line}\n`);
    if (item.type === 'assistant') this.#said.push(item);
    if (item.type === 'result') this.#tokens += tokensOf(item.detail?.['tokens']);
    if (item.type === 'call') this.#said = [];
    if (item.type === 'question') this.#pass(this.#questions.pass(item));
    if (item.type === 'answer') this.#pass(this.#questions.settle(item));
    if (item.type === 'step') this.#pay(item.usage ?? { ...nothing, input: item.estimate });
    if (item.type === 'end') this.#end = item;
  }

  #pay(usage: Usage): void {
    const before = this.#usage;
    this.#steps += 1;
    this.#usage = {
      input: before.input + usage.input,
      cached: before.cached + usage.cached,
      output: before.output + usage.output,
      reasoning: before.reasoning + usage.reasoning,
    };
    this.#tokens += usage.input + usage.output;
    this.#assignment.spend(usage.input + usage.output);
  }

  /** A question that is answered elsewhere, or whose turn has ended, is nobody's any more. */
  #pass(work: Promise<void>): void {
    work.catch((error: unknown) => this.#assignment.progress(`[${messageOf(error)}]\n`));
  }

  report(): Report {
    const text = this.#said.map((one) => one.text).join('\n');
    return {
      text,
      end: this.#end,
      broken: this.#broken,
      steps: this.#steps,
      usage: this.#usage,
      tokens: this.#tokens,
      denied: this.#questions.unanswered,
    };
  }
}

function tokensOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
