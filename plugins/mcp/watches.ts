/** Which resources of a server are watched, and which of them have changed. */

import type { Client, McpSubscription } from '@modelcontextprotocol/client';

export class Watches {
  /** Those that changed since somebody looked. */
  readonly updated = new Set<string>();
  /** Where versions from 2026 on watch: a stream for each. */
  readonly #streams = new Map<string, McpSubscription>();

  /** Hears of changes of a resource from now on, or not any more. */
  async set(client: Client, uri: string, isWatched: boolean, timeout: number): Promise<void> {
    const options = { timeout };
    if (client.getProtocolEra() === 'legacy') {
      await (isWatched
        ? client.subscribeResource({ uri }, options)
        : client.unsubscribeResource({ uri }, options));
    } else {
      await this.#streams.get(uri)?.close();
      this.#streams.delete(uri);
      if (isWatched)
        this.#streams.set(uri, await client.listen({ resourceSubscriptions: [uri] }, options));
    }
    if (!isWatched) this.updated.delete(uri);
  }
}
