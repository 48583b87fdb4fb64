/** Characters kept from the beginning, and as many from the end, unless another bound is given. */
const defaultKept = 1_000_000;

/** Output in which more characters than this, and more than this share of all, are no text is not shown. */
const binaryLeast = 8;
const binaryShare = 0.1;

/**
 * The output of a process as text, both streams in order of arrival, in bounded memory: so many of the first and of
 * the last characters are kept. UTF-8 may be split anywhere; what is not UTF-8 becomes U+FFFD.
 */
export class Output {
  readonly #decoders = {
    stdout: new TextDecoder('utf-8', { ignoreBOM: true }),
    stderr: new TextDecoder('utf-8', { ignoreBOM: true }),
  };
  readonly #kept: number;
  #head = '';
  #tail = '';
  #bytes = 0;
  #leftOut = 0;

  constructor(kept = defaultKept) {
    this.#kept = kept;
  }

  /** Takes a chunk and gives its text, for showing it as it comes. */
  push(chunk: Uint8Array, stream: 'stdout' | 'stderr'): string {
    this.#bytes += chunk.byteLength;
    return this.#add(this.#decoders[stream].decode(chunk, { stream: true }));
  }

  /** Gives all text since the last `take` and forgets it. `ended`: a character that was begun will not be completed. */
  take({ ended }: { readonly ended: boolean }): string {
    if (ended) {
      this.#add(this.#decoders.stdout.decode());
      this.#add(this.#decoders.stderr.decode());
    }
    const text = this.#text();
    this.#head = this.#tail = '';
    this.#bytes = this.#leftOut = 0;
    return text;
  }

  #add(text: string): string {
    const room = this.#kept - this.#head.length;
    if (room > 0) this.#head += text.slice(0, room);
    if (text.length > room) this.#tail += room > 0 ? text.slice(room) : text;
    if (this.#tail.length > 2 * this.#kept) this.#trim();
    return text;
  }

  #trim(): void {
    this.#leftOut += this.#tail.length - this.#kept;
    this.#tail = this.#tail.slice(-this.#kept);
  }

  #text(): string {
    if (this.#tail.length > this.#kept) this.#trim();
    if (isBinary(this.#head) || isBinary(this.#tail))
      return `[binary output, ${this.#bytes} bytes, not shown: write it to a file, or pipe it through a command such as xxd]`;
    const gap =
      this.#leftOut === 0 ? '' : `\n[… ${this.#leftOut} characters of output left out …]\n`;
    return showNul(`${this.#head.toWellFormed()}${gap}${this.#tail.toWellFormed()}`);
  }
}

function isBinary(text: string): boolean {
  if (!/[\0\uFFFD]/u.test(text)) return false;
  // oxlint-disable-next-line no-control-regex -- control characters are what is counted
  const odd = text.match(/[\0-\u0007\u000E-\u001A\u001C-\u001F\uFFFD]/gu)?.length ?? 0;
  return odd > Math.max(binaryLeast, text.length * binaryShare);
}

/** NUL, as `find -print0` writes it, as a visible character: some model hosts refuse it. */
function showNul(text: string): string {
  return text.replaceAll('\0', '␀');
}
