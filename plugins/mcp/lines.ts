/** Lines out of a stream of bytes, the over-long ones left out. */

/** A line over the bound. */
export interface LongLine {
  /** Its first and its last characters. */
  readonly head: string;
  readonly tail: string;
  readonly bytes: number;
}

export interface LineHandlers {
  readonly onLine: (line: string) => void;
  /** Told when a line has become too long, each time it has doubled since, and with `isWhole` when it has ended. */
  readonly onLong: (line: LongLine, isWhole: boolean) => void;
}

const sampleBytes = 512;

/** Cuts what comes into lines. Of a line over `maxBytes` no more than a sample is kept. */
export class Lines {
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #next = 0;
  #head: string | undefined;
  #tail = Buffer.alloc(0);
  readonly #maxBytes: number;
  readonly #on: LineHandlers;

  constructor(maxBytes: number, on: LineHandlers) {
    this.#maxBytes = maxBytes;
    this.#on = on;
  }

  add(chunk: Uint8Array): void {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      this.#take(chunk.subarray(from, end));
      this.#end();
      from = end + 1;
    }
    this.#take(chunk.subarray(from));
  }

  #take(piece: Uint8Array): void {
    this.#bytes += piece.length;
    if (this.#head !== undefined) {
      this.#tail = Buffer.concat([this.#tail, piece.subarray(-sampleBytes)]).subarray(-sampleBytes);
      if (this.#bytes > this.#next) this.#tell(this.#head);
      return;
    }
    if (piece.length > 0) this.#pieces.push(piece);
    if (this.#bytes <= this.#maxBytes) return;
    const whole = Buffer.concat(this.#pieces);
    this.#head = whole.toString('utf8', 0, sampleBytes);
    this.#tail = Buffer.from(whole.subarray(-sampleBytes));
    this.#pieces = [];
    this.#tell(this.#head);
  }

  #tell(head: string): void {
    this.#next = 2 * this.#bytes;
    this.#on.onLong(this.#sample(head), false);
  }

  #end(): void {
    const head = this.#head;
    if (head === undefined) this.#on.onLine(Buffer.concat(this.#pieces).toString('utf8'));
    else this.#on.onLong(this.#sample(head), true);
    this.#pieces = [];
    this.#bytes = 0;
    this.#head = undefined;
  }

  #sample(head: string): LongLine {
    return { head, tail: this.#tail.toString('utf8'), bytes: this.#bytes };
  }
}
