/** What the calls of a turn do, as the wire tells of it. */

import type {
  CallItem,
  DecisionItem,
  QuestionItem,
  ResultItem,
  Settings,
  Stamped,
} from '../../../../core/index.ts';
import { argumentsOf } from './call-item.ts';
import { OpenCalls } from './calls.ts';
import type { WireItemOf } from '../schemas/item.ts';
import { planOf } from './plan.ts';
import type { Steps } from './steps.ts';

/** A call is told from what it does first: it says something, is judged, is asked for, or ends. */
export class Done {
  readonly #steps: Steps;
  readonly #calls: OpenCalls;
  /** Open calls that have said something. */
  readonly #heard = new Set<string>();

  constructor(thread: string, steps: Steps) {
    this.#steps = steps;
    this.#calls = new OpenCalls(thread);
  }

  /** The model has asked for a call. */
  add(item: Stamped<CallItem>, settings: Settings): void {
    this.#calls.add(item, settings);
    // It does nothing itself that would be judged first.
    if (item.name === 'task') this.#begin(item.call, item.at);
  }

  #begin(call: string | undefined, at: number) {
    const begun = this.#calls.begin(call, at);
    this.#steps.start(begun, at);
    return begun;
  }

  /** A call says something. */
  output(id: string, text: string): void {
    const item = this.#begin(id, Date.now()) ?? this.#calls.all().find((one) => one.id === id);
    const params = { ...this.#steps.inTurn(), itemId: id };
    this.#heard.add(id);
    if (item?.type === 'commandExecution')
      this.#steps.tell({
        method: 'item/commandExecution/outputDelta',
        params: { ...params, delta: text },
      });
    if (item?.type === 'mcpToolCall')
      this.#steps.tell({
        method: 'item/mcpToolCall/progress',
        params: { ...params, message: text },
      });
  }

  /** An effect of a call was judged. */
  decide({ call, effect, verdict, at }: Stamped<DecisionItem>): void {
    if (call === undefined) return;
    this.#calls.learn(call, effect, verdict === 'deny');
    this.#begin(call, at);
  }

  /** What is known of the call that a question is about. */
  learn({ call, question }: QuestionItem) {
    if (call !== undefined && question.kind === 'approval/ask')
      this.#calls.learn(call, question.effect, false);
    return this.#calls.get(call);
  }

  /** A question is about this call. */
  ask({ call, at }: Stamped<QuestionItem>): void {
    this.#begin(call, at);
  }

  /** A call has its result. */
  end(result: Stamped<ResultItem>): void {
    const { call, at, isError, detail } = result;
    const state = this.#calls.get(call);
    if (state === undefined) return;
    this.#begin(call, at);
    const item = this.#calls.end(result);
    if (!this.#heard.delete(call) && item?.type === 'commandExecution') this.#tellOutput(item);
    this.#steps.complete(item, at);
    if (isError || item === undefined) return;
    if (item.type === 'plan') {
      const params = { ...this.#steps.inTurn(), ...planOf(argumentsOf(state.call)) };
      this.#steps.tell({ method: 'turn/plan/updated', params });
    }
    if (item.type === 'fileChange')
      this.#steps.push({
        kind: 'patched',
        turn: this.#steps.inTurn().turnId,
        changes: detail?.['changes'],
      });
  }

  /** A command that was over before any of its output was told: its deltas hold all of it nevertheless. */
  #tellOutput({ id, aggregatedOutput: delta, exitCode }: WireItemOf<'commandExecution'>): void {
    if (delta === null || delta === '' || exitCode === null) return;
    const params = { ...this.#steps.inTurn(), itemId: id, delta };
    this.#steps.tell({ method: 'item/commandExecution/outputDelta', params });
  }

  /** The items that are open. */
  readonly open = () => this.#calls.all();

  /** What is still open has no result. */
  close(at: number): void {
    this.#heard.clear();
    for (const item of this.#calls.abandon(at)) this.#steps.complete(item, at);
  }
}
