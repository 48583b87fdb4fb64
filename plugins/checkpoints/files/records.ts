/** The records of threads: `ID.jsonl` in the folder of checkpoints, for their owner alone. */

import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { makePrivateFolder } from '../../stores/state-folder.ts';
import type { GapLine, Line } from '../record.ts';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;

/** The records in a folder. A thread is open in one process, so each record has one writer. Disposing closes them. */
export class Records implements Disposable {
  readonly #folder: string;
  /** Records that are being written, by thread. */
  readonly #open = new Map<string, number>();
  /** What could not be written, by thread. */
  readonly #lost = new Map<string, readonly GapLine[]>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Appends lines together. Throws what the system says; as long as this process lives, the turn's files then count as
   * not covered.
   */
  append(thread: string, lines: readonly Line[]): void {
    try {
      this.#append(thread, lines);
    } catch (error) {
      const why = `its changes could not be recorded: ${error instanceof Error ? error.message : ''}`;
      const turns = new Set(lines.map(({ turn }) => turn));
      const gap = { type: 'gap', at: Date.now(), path: 'a turn', why } as const;
      this.#lost.set(thread, [
        ...(this.#lost.get(thread) ?? []).filter(({ turn }) => !turns.has(turn)),
        ...[...turns].map((turn) => ({ ...gap, turn })),
      ]);
      throw error;
    }
  }

  #append(thread: string, lines: readonly Line[]): void {
    const file = this.#open.get(thread) ?? this.#make(thread);
    // After a line that a full disk cut off, the next one begins anew; broken lines are not read.
    const bytes = Buffer.from(`\n${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
  }

  #make(thread: string): number {
    makePrivateFolder(this.#folder);
    const file = openSync(this.#path(thread), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
    this.#open.set(thread, file);
    return file;
  }

  /** Nothing more is appended for now. */
  close(thread: string): void {
    const file = this.#open.get(thread);
    if (file !== undefined) closeSync(file);
    this.#open.delete(thread);
  }

  [Symbol.dispose](): void {
    for (const thread of this.#open.keys()) this.close(thread);
  }

  /** All whole lines; none when there is no record. */
  read(thread: string): readonly Line[] {
    let text = '';
    try {
      text = readFileSync(this.#path(thread), 'utf8');
    } catch {
      text = '';
    }
    return [...text.split('\n').flatMap(parsed), ...(this.#lost.get(thread) ?? [])];
  }

  /** Grows with each line; 0 when there is no record. */
  version(thread: string): number {
    return statSync(this.#path(thread), { throwIfNoEntry: false })?.size ?? 0;
  }

  remove(thread: string): void {
    this.close(thread);
    rmSync(this.#path(thread), { force: true });
  }

  /** The threads that have one, with the time of their last line. */
  list(): readonly Readonly<{ thread: string; atMs: number; bytes: number }>[] {
    const names = readdirSync(this.#folder).filter((name) => name.endsWith('.jsonl'));
    return names.flatMap((name) => {
      const stats = statSync(join(this.#folder, name), { throwIfNoEntry: false });
      const thread = name.slice(0, -'.jsonl'.length);
      return stats === undefined ? [] : [{ thread, atMs: stats.mtimeMs, bytes: stats.size }];
    });
  }

  #path(thread: string): string {
    return join(this.#folder, `${thread.replaceAll(/[^\w-]/g, '_')}.jsonl`);
  }
}

function parsed(text: string): readonly Line[] {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === 'object' && line !== null && 'type' in line ? [line as Line] : []; // this program wrote it
  } catch {
    return [];
  }
}
