import { KernelError } from '../../../core/index.ts';
import type { Exit } from '../../../core/index.ts';
import type { Output } from './output.ts';

/** A process that outlives its call. */
interface KeptProcess {
  readonly id: string;
  readonly command: string;
  readonly cwd: string;
  /** What it wrote since that was last told. */
  readonly output: Output;
  readonly exited: Promise<Exit>;
  /** Whether it takes input. */
  readonly stdin: boolean;
}

/** A kept process as `shell_input` finds it. */
export interface Kept extends KeptProcess {
  /** Gets the output as it comes, while a call waits for it. */
  show: ((text: string) => void) | undefined;
  /** Set when it has ended. */
  exit: Exit | undefined;
}

/** Processes that ended without anybody asking are forgotten beyond so many in a thread, the oldest first. */
const maxEnded = 16;

/** The kept processes of all threads: each until its end has been told, or its thread is cleared. */
export class KeptProcesses {
  readonly #threads = new Map<string, Map<string, Kept>>();

  add(thread: string, process: KeptProcess): Kept {
    const all = this.#threads.get(thread) ?? new Map<string, Kept>();
    this.#threads.set(thread, all);
    const ended = [...all.values()].filter((one) => one.exit !== undefined);
    for (const old of ended.slice(0, -maxEnded)) all.delete(old.id);
    const kept: Kept = { ...process, show: undefined, exit: undefined };
    all.set(kept.id, kept);
    void noteExit(kept);
    return kept;
  }

  /** Throws `not_found` that names the processes there are. */
  get(thread: string, id: string): Kept {
    const all = this.#threads.get(thread) ?? new Map<string, Kept>();
    const kept = all.get(id);
    if (kept !== undefined) return kept;
    const known = [...all.values()].map((one) => `${one.id} (${clip(one.command)})`).join(', ');
    const there = known === '' ? 'there is none; start one with shell' : `there are: ${known}`;
    throw new KernelError(
      'not_found',
      `expected the id of a process that shell left running, got "${id}": ${there}`,
    );
  }

  remove(thread: string, id: string): void {
    this.#threads.get(thread)?.delete(id);
  }

  /** Forgets all of a thread. */
  clear(thread: string): void {
    this.#threads.delete(thread);
  }
}

async function noteExit(kept: Kept): Promise<void> {
  kept.exit = await kept.exited;
}

function clip(command: string): string {
  return command.length > 60 ? `${command.slice(0, 59)}…` : command;
}
