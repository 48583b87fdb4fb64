/** What calls tell while they run, other than commands: a line for each line of theirs. */

import type { Item, ThreadEvent } from '../../../core/index.ts';
import { line, type Style } from '../terminal/style.ts';
import { briefOf, viewOf } from './call-view.ts';

type Delta = Extract<ThreadEvent, { type: 'item/delta' }>;

/** Knows which calls there are, and which line of each is still growing. */
export class CallProgress {
  readonly #style: Style;
  readonly #open = new Map<string, { readonly about: string; rest: string }>();

  constructor(style: Style) {
    this.#style = style;
  }

  /** Items of the thread, in order. */
  see(item: Item): void {
    if (item.type === 'result') this.#open.delete(item.call);
    if (item.type !== 'call') return;
    const view = viewOf(item);
    if (view.kind !== 'other') return;
    this.#open.set(item.call, { about: line(briefOf(view.args), 24), rest: '' });
  }

  /** The lines that are whole with this delta. */
  linesOf({ kind, id, text }: Delta): readonly string[] {
    const call = kind === 'output' ? this.#open.get(id) : undefined;
    if (call === undefined) return [];
    const [rest = '', ...whole] = `${call.rest}${text}`.split('\n').toReversed();
    call.rest = rest.slice(-2000);
    return whole.toReversed().map((one) => this.#style.dim(`  ${call.about}: ${line(one)}`));
  }
}
