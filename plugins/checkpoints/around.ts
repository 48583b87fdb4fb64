/** The wrapper around effects: what may change files passes by the recorder. */

import type { AroundEffect, Process } from '../../core/index.ts';
import { onlyReads } from './reads.ts';
import type { Recorder } from './recorder.ts';

/** Records writes, and what commands and calls of servers change, while a turn runs. */
export function aroundEffects(recorder: Recorder): AroundEffect {
  return async (what, next) => {
    const { thread } = what;
    const isReading = what.kind === 'spawn' && onlyReads(what.request.argv);
    if (thread === undefined || isReading) return next(what);
    const turns = await recorder.turnsOf(thread);
    if (turns.length === 0) return next(what);
    if (what.kind === 'write') return recorder.around(what, turns, () => next(what));
    const begun = await recorder.begin(what, turns);
    using failing = new DisposableStack();
    failing.use(begun);
    const done = await next(what);
    if (what.kind !== 'spawn') return done;
    // It ends with the process, which may outlive the call, and before its tool is told.
    failing.move();
    const { exited } = done as Process; // that is what a spawn gives
    void exited.then(() => begun[Symbol.dispose]());
    return done;
  };
}
