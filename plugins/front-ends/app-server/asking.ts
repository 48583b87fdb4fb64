/** Questions that the server asks one client, and their answers. */

import { RpcError, type AskOptions } from './session.ts';

interface Asked {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type SendRequest = (request: Readonly<{ method: string; id: number; params: object }>) => void;

/** The questions to one client that are open. Ids count from 0. */
export class Asking {
  readonly #open = new Map<number, Asked>();
  /** Those that were settled without this client, whose answer may be on its way. */
  readonly #settled = new Set<number>();
  readonly #send: SendRequest;
  #next = 0;

  constructor(send: SendRequest) {
    this.#send = send;
  }

  /** As `Session.ask`. */
  async ask(method: string, params: object, { signal, sent }: AskOptions): Promise<unknown> {
    signal.throwIfAborted();
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const onAbort = () => {
      if (this.#open.delete(id)) this.#settled.add(id);
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    this.#open.set(id, { resolve, reject });
    sent?.(id);
    this.#send({ method, id, params });
    try {
      return await promise;
    } finally {
      this.#open.delete(id);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Takes an answer, and gives what is wrong with it. One that comes after another client's is dropped. */
  answer(
    id: unknown,
    { result, error }: { readonly result?: unknown; readonly error?: unknown },
  ): RpcError | undefined {
    const asked = this.#open.get(Number(id));
    if (typeof id !== 'number' || asked === undefined)
      return this.#settled.delete(Number(id)) ? undefined : this.#notOpen(id);
    this.#open.delete(id);
    if (error === undefined) asked.resolve(result);
    else asked.reject(asError(error));
    return undefined;
  }

  #notOpen(id: unknown): RpcError {
    const wasAsked = Number.isInteger(id) && Number(id) >= 0 && Number(id) < this.#next;
    const shown = JSON.stringify(id)?.slice(0, 80);
    const fault = wasAsked
      ? `question ${shown} was answered before`
      : `no question ${shown} was asked`;
    return new RpcError('invalidRequest', fault);
  }

  /** Ends all questions: the client has left. */
  close(): void {
    for (const { reject } of this.#open.values())
      reject(new RpcError('internal', 'the client left before it answered', { code: 'closed' }));
  }
}

function asError(error: unknown): RpcError {
  const fields: { readonly code?: unknown; readonly message?: unknown; readonly data?: unknown } =
    typeof error === 'object' && error !== null ? error : {};
  const code = typeof fields.code === 'number' ? fields.code : 'internal';
  const message = typeof fields.message === 'string' ? fields.message : 'the client failed';
  return new RpcError(code, message, fields.data);
}
