/** MCP over stdin and stdout: one JSON object a line. What is no message is answered as such, and read over. */

import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

import {
  parseJSONRPCMessage,
  type JSONRPCMessage,
  type Transport,
} from '@modelcontextprotocol/server';

import type { Output } from '../terminal/output.ts';

/** The longest message, in characters. */
const maxLength = 32 * 1024 * 1024;

/** A transport that ends with its input, or when its output has gone. */
export class LineTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: NonNullable<Transport['onmessage']>;
  readonly #input: Readable;
  readonly #output: Output;
  readonly #decoder = new StringDecoder('utf8');
  readonly #ended = Promise.withResolvers<void>();
  #line = '';
  #isTooLong = false;
  #isClosed = false;

  constructor(input: Readable, output: Output) {
    this.#input = input;
    this.#output = output;
  }

  /** Resolves when the host has gone. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async start(): Promise<void> {
    this.#input.on('data', this.#read);
    this.#input.once('end', this.#end);
    this.#input.once('close', this.#end);
    this.#input.once('error', this.#end);
    this.#output.gone.addEventListener('abort', this.#end, { once: true });
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (!this.#isClosed) await this.#output.write(`${JSON.stringify(message)}\n`);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#input.off('data', this.#read);
    this.#input.off('end', this.#end);
    this.#input.off('close', this.#end);
    this.#output.gone.removeEventListener('abort', this.#end);
    this.#input.pause();
    this.#ended.resolve();
    this.onclose?.();
  }

  readonly #end = () => void this.close();

  readonly #read = (chunk: Buffer) => {
    const [first = '', ...rest] = this.#decoder.write(chunk).split('\n');
    this.#add(first);
    for (const next of rest) {
      this.#take();
      this.#add(next);
    }
  };

  #add(text: string): void {
    this.#isTooLong ||= this.#line.length + text.length > maxLength;
    this.#line = this.#isTooLong ? '' : this.#line + text;
  }

  #take(): void {
    const line = this.#line.trim();
    const isTooLong = this.#isTooLong;
    this.#line = '';
    this.#isTooLong = false;
    if (isTooLong)
      return this.#refuse(null, -32600, `a message of more than ${maxLength} characters`);
    if (line === '') return;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return this.#refuse(null, -32700, 'a line that is no JSON');
    }
    // Batches are of 2025-03-26; each message of one is answered for itself, as over HTTP.
    const all: readonly unknown[] = Array.isArray(value) && value.length > 0 ? value : [value];
    for (const one of all) this.#deliver(one);
  }

  #deliver(value: unknown): void {
    let message: JSONRPCMessage;
    try {
      message = parseJSONRPCMessage(value);
    } catch {
      return this.#refuse(idOf(value), -32600, 'JSON that is no JSON-RPC 2.0 message');
    }
    this.onmessage?.(message);
  }

  #refuse(id: string | number | null, code: number, got: string): void {
    const error = { code, message: `expected one JSON-RPC message a line, but got ${got}` };
    void this.#output.write(`${JSON.stringify({ jsonrpc: '2.0', id, error })}\n`);
  }
}

function idOf(value: unknown): string | number | null {
  const { id } = Object(value) as { readonly id?: unknown }; // anything
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
