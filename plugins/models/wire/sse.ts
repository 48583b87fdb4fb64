/** One dispatched event of an event stream: HTML Living Standard, section 9.2.6. */
export interface SseEvent {
  /** The `event` field; `message` when the stream named none. */
  readonly event: string;
  /** The `data` lines, joined by line feeds. Never parsed here. */
  readonly data: string;
  /** The last `id` that the stream gave so far; empty when it gave none. */
  readonly id: string;
}

/** Bounds of one stream. */
export interface SseOptions {
  /** The most bytes that one line, and that the data of one event, may have. Default 32 MiB. */
  readonly maxLineBytes?: number;
}

/** A line, or the data of one event, went past its bound: the stream cannot be trusted to end. */
export class SseTooLongError extends Error {
  override readonly name = 'SseTooLongError';
  readonly maxLineBytes: number;

  constructor(what: 'line' | 'event', maxLineBytes: number) {
    super(
      `expected an event stream whose ${what}s have at most ${maxLineBytes} bytes, got a longer ${what}: ` +
        'the server is broken or does not speak server-sent events',
    );
    this.maxLineBytes = maxLineBytes;
  }
}

const LF = 10;
const CR = 13;
const EMPTY = Buffer.alloc(0);
const DEFAULT_MAX_LINE_BYTES = 32 * 1024 * 1024;

/**
 * An incremental parser of server-sent events (HTML Living Standard, "9.2 Server-sent events").
 * Bytes go in as they come, in any cut; each `push` gives the events that they completed.
 * An event that was not ended by a blank line is given by `end` alone, and only when its data is whole
 * JSON: the standard drops it, but some servers leave out the last line ends. Data `[DONE]`, the end mark of the OpenAI APIs, sets `done`;
 * it and what follows it are not given.
 */
export class SseParser {
  readonly #maxLineBytes: number;
  /** Bytes of the line that has no end yet. */
  #rest: Buffer = EMPTY;
  #restBytes = 0;
  #started = false;
  /** The last byte was a CR: an LF that follows belongs to it. */
  #skipLf = false;
  #event = '';
  #data: string | undefined;
  #id = '';
  #done = false;

  constructor(options: SseOptions = {}) {
    this.#maxLineBytes = options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES;
  }

  /** Whether `[DONE]` came. */
  get done(): boolean {
    return this.#done;
  }

  /**
   * Takes the next bytes and gives the events that are complete with them.
   * Throws `SseTooLongError` past the bound; the parser must not be used after that.
   */
  push(chunk: Uint8Array): readonly SseEvent[] {
    if (this.#done || chunk.length === 0) return [];
    const bytes = this.#skipLf && chunk[0] === LF ? chunk.subarray(1) : chunk;
    // No UTF-8 sequence holds a line end, so text is only ever decoded up to one.
    const end = afterLastLineEnd(bytes);
    this.#skipLf = end > 0 && end === bytes.length && bytes[end - 1] === CR;
    if (end === 0) {
      this.#keep(bytes);
      return [];
    }
    const text = this.#decode(bytes.subarray(0, end));
    this.#keep(bytes.subarray(end));
    return this.#lines(text);
  }

  /** The body has ended: gives the last event if only its line ends are missing. */
  end(): readonly SseEvent[] {
    const events = this.push(Buffer.from('\n\n'));
    return events.filter(({ data }) => isJson(data));
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#restBytes + bytes.length;
    if (length > this.#maxLineBytes) throw new SseTooLongError('line', this.#maxLineBytes);
    if (length > this.#rest.length) {
      const grown = Buffer.alloc(Math.max(length, this.#rest.length * 2));
      grown.set(this.#rest.subarray(0, this.#restBytes));
      this.#rest = grown;
    }
    this.#rest.set(bytes, this.#restBytes);
    this.#restBytes = length;
  }

  #decode(bytes: Uint8Array): string {
    let whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.#restBytes > 0) {
      whole = Buffer.concat([this.#rest.subarray(0, this.#restBytes), whole]);
      this.#rest = EMPTY;
      this.#restBytes = 0;
    }
    const text = whole.toString('utf8');
    if (this.#started) return text;
    this.#started = true;
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }

  #lines(text: string): readonly SseEvent[] {
    const lines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
    const events: SseEvent[] = [];
    let start = 0;
    while (start < lines.length && !this.#done) {
      const end = lines.indexOf('\n', start);
      if (end === start) this.#dispatch(events);
      else this.#line(lines.slice(start, end));
      start = end + 1;
    }
    return events;
  }

  #line(line: string): void {
    // A character has at most three bytes, so most lines need no counting.
    if (line.length * 3 > this.#maxLineBytes && Buffer.byteLength(line) > this.#maxLineBytes)
      throw new SseTooLongError('line', this.#maxLineBytes);
    if (line.startsWith('data:')) return this.#append(value(line, 5));
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const text = colon < 0 ? '' : value(line, colon + 1);
    if (name === 'data') this.#append(text);
    else if (name === 'event') this.#event = text;
    else if (name === 'id' && !text.includes('\0')) this.#id = text;
  }

  #append(text: string): void {
    this.#data = this.#data === undefined ? text : `${this.#data}\n${text}`;
    if (this.#data.length > this.#maxLineBytes)
      throw new SseTooLongError('event', this.#maxLineBytes);
  }

  #dispatch(events: SseEvent[]): void {
    const data = this.#data;
    const event = this.#event;
    this.#data = undefined;
    this.#event = '';
    if (data === undefined) return;
    if (data === '[DONE]') this.#done = true;
    else events.push({ event: event === '' ? 'message' : event, data, id: this.#id });
  }
}

function isJson(text: string): boolean {
  try {
    return JSON.parse(text) !== undefined;
  } catch {
    return false;
  }
}

function afterLastLineEnd(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] !== LF && bytes[end - 1] !== CR) end--;
  return end;
}

/** What follows the colon, without the one space that may lead it. */
function value(line: string, from: number): string {
  return line.slice(line.charCodeAt(from) === 32 ? from + 1 : from);
}

/**
 * Reads a whole event stream: one array of events for each read that completed any, never an empty
 * one, so that a thousand small events cost one await and not a thousand. Ends at `[DONE]` or with
 * the body; an error of the body is passed on as it is.
 */
export async function* readSse(
  body: AsyncIterable<Uint8Array>,
  options: SseOptions = {},
): AsyncGenerator<readonly SseEvent[], void, undefined> {
  const parser = new SseParser(options);
  for await (const chunk of body) {
    const events = parser.push(chunk);
    if (events.length > 0) yield events;
    if (parser.done) return;
  }
  const last = parser.end();
  if (last.length > 0) yield last;
}
