/** Commands that run for clients, by the name that the client gives them. */

import { conflict, fail, notFound, type Process, type SandboxMode } from '../../core/index.ts';
import { Stream } from './stream.ts';

/** What commands outside threads are confined to. */
export interface Confinement {
  readonly sandbox: SandboxMode;
  readonly network: boolean;
}

/** A piece of output. */
export interface Piece {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
  /** Nothing more of this stream is kept. */
  readonly isLast: boolean;
}

/** One that runs, in a terminal or with plain pipes. */
export interface Running {
  readonly output: Stream<Piece>;
  /** Rejects when it ends without having started. */
  readonly started: Promise<Process>;
  readonly begin: (process: Process) => void;
  readonly isTerminal: boolean;
}

export interface Size {
  readonly rows: number;
  readonly cols: number;
}

/** By client, then by name: nobody reaches another's. */
export class RunningCommands {
  readonly #all = new Map<string, Running>();

  /** Throws `conflict` when the client has one of this name. */
  add(client: string, id: string, { isTerminal = false } = {}): Running & Disposable {
    const key = keyOf(client, id);
    if (this.#all.has(key)) throw conflict`expected another processId: ${id} runs`;
    const output = new Stream<Piece>(({ bytes }) => bytes.length);
    const { promise: started, resolve: begin, reject } = Promise.withResolvers<Process>();
    started.catch(() => {}); // nobody may wait for it
    const running: Running & Disposable = {
      isTerminal,
      output,
      started,
      begin,
      [Symbol.dispose]: () => {
        output.end();
        reject(notFound`${id} did not start`);
        this.#all.delete(key);
      },
    };
    this.#all.set(key, running);
    return running;
  }

  /** Throws `not_found`. */
  get(client: string, id: string): Running {
    return this.#all.get(keyOf(client, id)) ?? fail(notFound`no command runs as ${id}`);
  }
}

const keyOf = (client: string, id: string) => JSON.stringify([client, id]);
