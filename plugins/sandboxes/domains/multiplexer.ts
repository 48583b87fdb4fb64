/**
 * Many streams over one connection. The class stands for itself, since its text also runs inside sandboxes
 * (bridge.ts): it may use nothing but Node's globals.
 *
 * A frame is the stream's number (4 bytes), a kind (1), a size (4), and, where it carries data, so many bytes. Each
 * side sends at most a window of data that the other has not taken yet, so one stream that nobody reads stops no other.
 */

import type { Duplex } from 'node:stream';

/** What comes from the other side, beside data of streams. */
export interface MultiplexerEvents {
  /** The other side opens a stream; without an answer it is closed at once. */
  readonly opened?: () => Duplex | undefined;
  /** The other side tells people something. */
  readonly told?: (text: string) => void;
  /** The connection has ended, and with it all streams. */
  readonly closed?: () => void;
}

interface Carried {
  readonly stream: Duplex;
  /** Sent and not yet taken by the other side, and the same the other way. */
  unacknowledged: number;
  untaken: number;
}

/** One end of the connection. It owns the connection and the streams that it is given. */
export class Multiplexer {
  readonly #kinds = { open: 0, data: 1, end: 2, close: 3, taken: 4, tell: 5 } as const;
  readonly #link: Duplex;
  readonly #events: MultiplexerEvents;
  readonly #streams = new Map<number, Carried>();
  readonly #limits = { streams: 256, window: 256 * 1024, frame: 1024 * 1024 };
  #count = 0;
  #isClosed = false;
  #rest: Buffer = Buffer.alloc(0);

  constructor(link: Duplex, events: MultiplexerEvents = {}) {
    this.#link = link;
    this.#events = events;
    link.on('data', (chunk: Buffer) => this.#take(chunk));
    link.on('error', () => {}); // it closes as well
    link.on('end', () => this.close());
    link.on('close', () => this.close());
  }

  /** Carries a stream to the other side, until it closes. */
  open(stream: Duplex): void {
    const id = ++this.#count;
    this.#send(id, this.#kinds.open);
    this.#carry(id, stream);
  }

  /** Tells the other side's people something. */
  tell(text: string): void {
    this.#send(0, this.#kinds.tell, Buffer.from(text.slice(0, 4096)));
  }

  /** Ends the connection and all streams. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#link.destroy();
    const all = [...this.#streams.values()];
    this.#streams.clear();
    for (const { stream } of all) stream.destroy();
    this.#events.closed?.();
  }

  #carry(id: number, stream: Duplex): void {
    const { data, end, close } = this.#kinds;
    const carried: Carried = { stream, unacknowledged: 0, untaken: 0 };
    this.#streams.set(id, carried);
    stream.on('data', (chunk: Buffer) => {
      this.#send(id, data, chunk);
      carried.unacknowledged += chunk.length;
      if (carried.unacknowledged > this.#limits.window) stream.pause();
    });
    stream.on('end', () => this.#send(id, end));
    stream.on('error', () => {}); // it closes as well
    stream.on('close', () => {
      if (this.#streams.delete(id)) this.#send(id, close);
    });
  }

  #send(id: number, kind: number, data?: Buffer, size = data?.length ?? 0): void {
    if (this.#link.destroyed) return;
    const head = Buffer.alloc(9);
    head.writeUInt32BE(id, 0);
    head.writeUInt8(kind, 4);
    head.writeUInt32BE(size, 5);
    this.#link.write(data === undefined ? head : Buffer.concat([head, data]));
  }

  #take(chunk: Buffer): void {
    const { data, tell } = this.#kinds;
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 9) {
      const [id, kind, size] = [0, 4, 5].map((at) =>
        at === 4 ? this.#rest.readUInt8(at) : this.#rest.readUInt32BE(at),
      ) as [number, number, number];
      const length = kind === data || kind === tell ? size : 0;
      if (length > this.#limits.frame) return this.close();
      if (this.#rest.length < 9 + length) return;
      const body = this.#rest.subarray(9, 9 + length);
      this.#rest = this.#rest.subarray(9 + length);
      this.#handle(id, kind, { body, size });
    }
  }

  #handle(id: number, kind: number, { body, size }: { body: Buffer; size: number }): void {
    const { open, data, end, close, taken, tell } = this.#kinds;
    const carried = this.#streams.get(id);
    if (kind === open) this.#answer(id, carried);
    else if (kind === tell) this.#events.told?.(body.toString());
    else if (carried === undefined) return; // it has closed on this side meanwhile
    else if (kind === data) this.#give(id, carried, body);
    else if (kind === end) carried.stream.end();
    else if (kind === close) this.#end(id, carried);
    else if (kind === taken) {
      carried.unacknowledged -= size;
      if (carried.unacknowledged < 0) return this.close(); // it takes what it did not get
      if (carried.unacknowledged <= this.#limits.window) carried.stream.resume();
    }
  }

  #answer(id: number, known: Carried | undefined): void {
    const isFull = this.#streams.size >= this.#limits.streams;
    const stream = known !== undefined || isFull ? undefined : this.#events.opened?.();
    if (stream === undefined) this.#send(id, this.#kinds.close);
    else this.#carry(id, stream);
  }

  #end(id: number, { stream }: Carried): void {
    this.#streams.delete(id);
    const isGiving = stream.writableEnded && !stream.writableFinished;
    if (isGiving) stream.once('finish', () => stream.destroy());
    else stream.destroy();
  }

  #give(id: number, carried: Carried, body: Buffer): void {
    carried.untaken += body.length;
    // The other side does not keep to the window.
    if (carried.untaken > 2 * this.#limits.window + this.#limits.frame) return this.close();
    carried.stream.write(body, () => {
      carried.untaken -= body.length;
      this.#send(id, this.#kinds.taken, undefined, body.length);
    });
  }
}
