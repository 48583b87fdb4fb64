/** What carries messages between the server and one client. */

/** Stands for a message that was too long to be kept. */
export const tooLong = Symbol('too long');

/** The most that one message may have, in bytes. */
export const maxMessageBytes = 32 * 1024 * 1024;

/** One client's connection. Disposing lets the client go, once what was sent is on its way. */
export interface Transport extends AsyncDisposable {
  /** What people call it: `stdio`, `unix`, `ws 127.0.0.1:50112`. */
  readonly name: string;
  /** Messages as they come. Ends when the client says no more or `close` was called; never throws. */
  readonly messages: AsyncIterable<string | typeof tooLong>;
  /** Takes messages in order; resolves when there is room for more. Never rejects; what cannot be sent is dropped. */
  readonly send: (messages: readonly string[]) => Promise<void> | void;
  /** Takes the answer to a request, where answers go another way than the rest; `false`: send it with the rest. */
  readonly answer?: (id: string | number | null, text: string) => boolean;
  /** Aborted when nothing more can be sent. */
  readonly gone: AbortSignal;
  /** Ends `messages`, telling the client why where the transport can. */
  readonly close: (why: string) => void;
}
