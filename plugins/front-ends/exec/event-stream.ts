/** The items of a turn as events, without where they go. */

import type {
  AssistantItem,
  CallItem,
  DecisionItem,
  Item,
  ReasoningItem,
  ResultItem,
} from '../../../core/index.ts';
import { viewOf } from '../view/call-view.ts';
import { cutAnswer } from '../view/cut-answer.ts';
import { itemOfCall, itemOfResult, type EventItem } from './event-item.ts';

/** A turn's items as events. It knows which are open between them. */
export class EventStream {
  readonly #calls = new Map<string, CallItem>();
  /** The server of a call of a tool that acts elsewhere, by call. */
  readonly #servers = new Map<string, string>();
  readonly #ids = new Set<string>();
  readonly #open = new Map<string, EventItem>();
  /** The item of a command that outlived its call, by process. */
  readonly #processes = new Map<string, string>();
  #plan: string | undefined;
  #errors = 0;

  /** A call by its id in the thread; its `id` is that of its events. */
  call(id: string): CallItem | undefined {
    return this.#calls.get(id);
  }

  /** An error that does not end the turn. */
  error(message: string): object {
    return completed({ id: `error_${++this.#errors}`, type: 'error', message });
  }

  /** What an item of the thread gives. */
  eventsOf(item: Item): readonly object[] {
    if (item.type === 'turn') return [{ type: 'turn.started' }];
    if (item.type === 'call') this.#add(item);
    if (item.type === 'decision') return this.#decided(item);
    if (item.type === 'result') return this.#result(item);
    const cut = item.type === 'step' ? cutAnswer(item) : undefined;
    if (cut !== undefined) return [this.error(cut)];
    const whole = wholeItem(item);
    if (whole !== undefined) return [completed(whole)];
    return item.type === 'notice' && item.level !== 'info' ? [this.error(item.message)] : [];
  }

  /** Deltas came under the model's id, which is the call's own only where that is free. */
  #add(call: CallItem): void {
    const isTaken = this.#ids.has(call.id);
    const id = isTaken ? call.call : call.id;
    this.#ids.add(id);
    this.#calls.set(call.call, { ...call, id });
  }

  /** A call begins when the first thing it does has been judged. */
  #decided({ call: id, effect }: DecisionItem): readonly object[] {
    const call = id === undefined ? undefined : this.#calls.get(id);
    if (call === undefined || this.#open.has(call.id)) return [];
    if (effect.kind !== 'call') return this.#start(call);
    const { server, tool, args } = effect;
    this.#servers.set(call.call, String(server));
    const named = { ...call, name: String(tool), args: JSON.stringify(args ?? {}) };
    this.#calls.set(call.call, named);
    return this.#start(named);
  }

  #start(call: CallItem): readonly object[] {
    const view = viewOf(call);
    if (view.kind !== 'command' && view.kind !== 'other') return [];
    const item = itemOfCall(call, { view, server: this.#servers.get(call.call) });
    this.#open.set(item.id, item);
    return [{ type: 'item.started', item }];
  }

  #result(result: ResultItem): readonly object[] {
    const call = this.#calls.get(result.call);
    if (call === undefined) return [];
    const view = viewOf(call, result);
    const server = this.#servers.get(call.call);
    if (view.kind === 'plan')
      return result.isError ? [] : this.#planned(itemOfResult(result, { call, view, server }));
    if (view.kind === 'input')
      return this.#continued(view.process, itemOfResult(result, { call, view, server }));
    const started = this.#open.has(call.id) ? [] : this.#start(call);
    const item = itemOfResult(result, { call, view, server });
    if (view.kind === 'command' && view.process !== undefined) {
      this.#processes.set(view.process, item.id);
      this.#open.set(item.id, item);
      return [...started, { type: 'item.updated', item }];
    }
    this.#open.delete(item.id);
    return [...started, completed(item)];
  }

  #planned(item: EventItem): readonly object[] {
    const type = this.#plan === undefined ? 'item.started' : 'item.updated';
    this.#plan ??= item.id;
    const plan = { ...item, id: this.#plan };
    this.#open.set(plan.id, plan);
    return [{ type, item: plan }];
  }

  /** News of a process are news of the command that started it. */
  #continued(process: string, news: EventItem): readonly object[] {
    const id = this.#processes.get(process);
    const command = id === undefined ? undefined : this.#open.get(id);
    if (
      id === undefined ||
      command?.type !== 'command_execution' ||
      news.type !== 'command_execution'
    )
      return [];
    const output = command.aggregated_output + news.aggregated_output;
    const item = { ...news, id, command: command.command, aggregated_output: output };
    if (item.status === 'in_progress') this.#open.set(id, item);
    else this.#open.delete(id);
    return [{ type: item.status === 'in_progress' ? 'item.updated' : 'item.completed', item }];
  }

  /** Completes what is open: commands that still run are ended with the turn's thread. */
  closing(): readonly object[] {
    const events = [...this.#open.values()].map((item) =>
      completed(
        'status' in item && item.status === 'in_progress' ? { ...item, status: 'failed' } : item,
      ),
    );
    this.#open.clear();
    return events;
  }
}

function completed(item: EventItem): object {
  return { type: 'item.completed', item };
}

/** The words of a message or a thought, as its event has them. */
export function saidBy(item: AssistantItem | ReasoningItem): string {
  return item.type === 'assistant' ? item.text : (item.text ?? item.summary.join('\n\n'));
}

function wholeItem(item: Item): EventItem | undefined {
  if (item.type === 'hosted') return { id: item.id, type: 'web_search', query: item.summary };
  if (item.type !== 'assistant' && item.type !== 'reasoning') return undefined;
  const text = saidBy(item);
  if (item.type === 'assistant') return { id: item.id, type: 'agent_message', text };
  return text === '' ? undefined : { id: item.id, type: 'reasoning', text };
}
