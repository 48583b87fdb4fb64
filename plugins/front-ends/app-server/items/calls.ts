/** The calls of a turn that have no result yet. */

import type {
  CallItem,
  EffectData,
  JsonSchema,
  ResultItem,
  Settings,
  Stamped,
} from '../../../../core/index.ts';
import type { WireItem } from '../schemas/item.ts';
import { callItem, type CallState } from './call-item.ts';

interface OpenCall {
  state: CallState;
  /** Clients have been told that it began. */
  isBegun: boolean;
}

export class OpenCalls {
  readonly #thread: string;
  readonly #open = new Map<string, OpenCall>();

  constructor(thread: string) {
    this.#thread = thread;
  }

  /** The model has asked for a call. */
  add(call: Stamped<CallItem>, settings: Settings): void {
    const isClientTool = settings.clientTools?.some(({ name }) => name === call.name) ?? false;
    const known = { thread: this.#thread, call, cwd: settings.cwd, startedAtMs: call.at };
    this.#open.set(call.call, {
      state: { ...known, isClientTool, isDenied: false },
      isBegun: false,
    });
  }

  /** What is known of a call. */
  readonly get = (id: string | undefined) => this.#open.get(id ?? '')?.state;

  /** A call wants an effect, or has been refused one. */
  learn(id: string, effect: EffectData, isDenied: boolean): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    const acting =
      effect.kind === 'call'
        ? { server: textOf(effect, 'server'), tool: textOf(effect, 'tool') }
        : {};
    open.state = { ...open.state, ...acting, isDenied };
  }

  /** The item of a call that begins now; nothing if it had begun. */
  begin(id: string | undefined, at: number): WireItem | undefined {
    const open = this.#open.get(id ?? '');
    if (open === undefined || open.isBegun) return undefined;
    open.isBegun = true;
    open.state = { ...open.state, startedAtMs: at };
    return callItem(open.state);
  }

  /** The item of a call that has its result. */
  end(result: Stamped<ResultItem>): WireItem | undefined {
    const open = this.#open.get(result.call);
    this.#open.delete(result.call);
    return open && callItem(open.state, result);
  }

  /** Those that have begun. */
  all(): readonly WireItem[] {
    return [...this.#open.values()].flatMap(({ state, isBegun }) =>
      isBegun ? [callItem(state)] : [],
    );
  }

  /** Closes all: the thread broke before they had results. */
  abandon(at: number): readonly WireItem[] {
    const begun = [...this.#open.values()].filter(({ isBegun }) => isBegun);
    this.#open.clear();
    const content = [{ type: 'text', text: 'no result: the thread broke' }] as const;
    return begun.map(({ state }) => {
      const { call, name } = state.call;
      const lost = { type: 'result', call, name, content, isError: true, durationMs: 0 } as const;
      return callItem(state, { ...lost, n: 0, at });
    });
  }
}

const textOf = (effect: JsonSchema, name: string) => {
  const value = effect[name];
  return typeof value === 'string' ? value : undefined;
};
