/** What hosts are told of when it changes: lists, and resources by their URI. */

import type { Server } from '@modelcontextprotocol/server';

/** A list that has changed, or one resource. */
export type Change =
  | { readonly list: 'tools' | 'prompts' | 'resources' }
  | { readonly uri: string };

/** Tells connections of changes. */
export class Changes {
  readonly #listeners = new Set<(change: Change) => void>();

  readonly tell = (change: Change): void => {
    for (const listener of this.#listeners) listener(change);
  };

  /** Calls `listener` for each change until disposed. */
  listen(listener: (change: Change) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

/** Has a connection told of changes, until it closes. `isWanted` says which resources its host subscribed to. */
export function forward(
  server: Server,
  changes: Changes,
  isWanted: (uri: string) => boolean,
): void {
  const listening = changes.listen((change) => void send(server, change, isWanted).catch(() => {}));
  whenClosed(server, () => listening[Symbol.dispose]());
}

/** Calls `act` once the connection has closed, after what was to be called before. */
export function whenClosed(server: Server, act: () => void): void {
  const before = server.onclose;
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's server is no EventTarget
  server.onclose = () => {
    before?.();
    act();
  };
}

async function send(server: Server, change: Change, isWanted: (uri: string) => boolean) {
  if ('uri' in change) {
    if (isWanted(change.uri)) await server.sendResourceUpdated({ uri: change.uri });
  } else if (change.list === 'tools') await server.sendToolListChanged();
  else if (change.list === 'prompts') await server.sendPromptListChanged();
  else await server.sendResourceListChanged();
}
