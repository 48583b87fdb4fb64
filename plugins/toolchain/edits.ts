import { resolve } from 'node:path';

import type { AroundEffect, Observer, ToolCall } from '../../core/index.ts';

/** Files by absolute path, and whether each is still there. */
export type Edited = ReadonlyMap<string, 'written' | 'removed'>;

/**
 * Which files calls have edited, seen at the effects, so that it does not matter which tool did it; what a command
 * changes by itself is not seen. Edits wait here until `take`n for checks.
 */
export class Edits {
  readonly #byCall = new Map<string, Map<string, 'written' | 'removed'>>();
  readonly #waiting = new Map<string, Map<string, 'written' | 'removed'>>();
  readonly #openCalls = new Map<
    string,
    readonly { readonly call: string; readonly name: string }[]
  >();

  readonly wrapper: AroundEffect = async (what, next) => {
    const result = await next(what);
    if (what.kind === 'write' && what.thread !== undefined && what.call !== undefined) {
      const edited = this.#byCall.get(what.call) ?? new Map<string, 'written' | 'removed'>();
      this.#byCall.set(what.call, edited);
      const path = resolve(what.settings.cwd, what.path);
      edited.set(path, what.data === undefined ? 'removed' : 'written');
    }
    return result;
  };

  readonly observer: Observer = (event) => {
    if (event.type === 'thread/closed') {
      this.#openCalls.delete(event.thread);
      this.#waiting.delete(event.thread);
    }
    if (event.type !== 'item/appended') return;
    const { thread, item } = event;
    const open = this.#openCalls.get(thread) ?? [];
    if (item.type === 'call')
      this.#openCalls.set(thread, [...open, { call: item.call, name: item.name }]);
    if (item.type === 'result')
      this.#openCalls.set(
        thread,
        open.filter(({ call }) => call !== item.call),
      );
    if (item.type === 'end') this.#openCalls.delete(thread);
  };

  /**
   * All edits of the thread that no check has seen, when this call was the last of its kind in the model's answer; none
   * while another call of the same tool follows, so that checks run once for several edits in a row.
   */
  take({ id, name, thread }: ToolCall): Edited {
    const waiting = this.#waiting.get(thread) ?? new Map<string, 'written' | 'removed'>();
    for (const [path, how] of this.#byCall.get(id) ?? []) waiting.set(path, how);
    this.#byCall.delete(id);
    const open = this.#openCalls.get(thread) ?? [];
    const later = open.slice(open.findIndex(({ call }) => call === id) + 1);
    if (later.some((one) => one.name === name)) {
      this.#waiting.set(thread, waiting);
      return new Map();
    }
    this.#waiting.delete(thread);
    return waiting;
  }
}
