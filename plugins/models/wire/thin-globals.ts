/**
 * What the openai client needs of the web's globals, and no more: the first look at the real ones loads undici with tls,
 * http2 and crypto (20 ms and 9 MB). The build puts these in their place within that package alone.
 */

/** Header names and values (Fetch Standard, "Headers class"), as far as the openai client uses them. */
export class ThinHeaders {
  readonly #values = new Map<string, string>();

  constructor(from: Iterable<readonly [string, string]> | Readonly<Record<string, string>> = []) {
    const pairs = Symbol.iterator in from ? from : Object.entries(from);
    for (const [name, value] of pairs) this.append(name, value);
  }

  append(name: string, value: string): void {
    const before = this.get(name);
    this.set(name, before === null ? value : `${before}, ${value}`);
  }

  set(name: string, value: string): void {
    this.#values.set(name.toLowerCase(), value);
  }

  get(name: string): string | null {
    return this.#values.get(name.toLowerCase()) ?? null;
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase());
  }

  delete(name: string): void {
    this.#values.delete(name.toLowerCase());
  }

  forEach(see: (value: string, name: string) => void): void {
    this.#values.forEach(see);
  }

  entries(): IterableIterator<[string, string]> {
    return this.#values.entries();
  }

  keys(): IterableIterator<string> {
    return this.#values.keys();
  }

  values(): IterableIterator<string> {
    return this.#values.values();
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.#values.entries();
  }
}

/**
 * Stands for `Response` where the client only asks what the class can do.
 * @public
 */
export class ThinResponse {
  arrayBuffer(): never {
    throw new Error('a thin response holds no bytes');
  }
}

/**
 * Stands for `FormData` where the client only asks whether something is one.
 * @public
 */
export class ThinFormData {
  readonly isThin = true;
}
