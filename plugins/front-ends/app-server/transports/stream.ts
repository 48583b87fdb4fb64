/** JSON Lines over a pair of streams: stdin and stdout, or a socket. */

import type { Readable, Writable } from 'node:stream';
import { openOutput } from '../../terminal/output.ts';
import { linesOf } from '../lines.ts';
import { maxMessageBytes, type Transport } from '../transport.ts';

interface Streams {
  readonly input: Readable;
  readonly output: Writable;
  readonly name: string;
  /** Aborted when the server ends. */
  readonly signal: AbortSignal;
}

/** A client that writes lines to `input` and reads lines from `output`. Its end of input is its goodbye. */
export function streamTransport({ input, output, name, signal }: Streams): Transport {
  const out = openOutput(output, signal);
  const leave = () => void input.destroy();
  out.gone.addEventListener('abort', leave, { once: true });
  signal.addEventListener('abort', leave, { once: true });
  return {
    name,
    messages: linesOf(input, maxMessageBytes),
    send: (messages) => out.write(`${messages.join('\n')}\n`),
    gone: out.gone,
    close: leave,
    [Symbol.asyncDispose]: async () => {
      signal.removeEventListener('abort', leave);
      await out[Symbol.asyncDispose]();
      leave();
      if (output !== process.stdout) output.destroy();
    },
  };
}
