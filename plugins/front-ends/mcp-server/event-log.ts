/** What a session's streams have sent, so that a host whose stream broke can go on where it was. */

import type { EventId, EventStore, JSONRPCMessage, StreamId } from '@modelcontextprotocol/server';

interface Sent {
  readonly id: EventId;
  readonly stream: StreamId;
  readonly message: JSONRPCMessage;
}
type Send = (id: EventId, message: JSONRPCMessage) => Promise<void>;

/** The most messages that are kept; the first to come is the first to go. */
const maxKept = 500;

/** Keeps the last messages of one session in memory. */
export class EventLog implements EventStore {
  readonly #sent: Sent[] = [];
  #count = 0;

  async storeEvent(stream: StreamId, message: JSONRPCMessage): Promise<EventId> {
    const id = `${stream}/${++this.#count}`;
    this.#sent.push({ id, stream, message });
    if (this.#sent.length > maxKept) this.#sent.shift();
    return id;
  }

  async getStreamIdForEventId(id: EventId): Promise<StreamId | undefined> {
    return this.#sent.find((sent) => sent.id === id)?.stream;
  }

  async replayEventsAfter(last: EventId, { send }: { readonly send: Send }): Promise<StreamId> {
    const at = this.#sent.findIndex(({ id }) => id === last);
    const stream = last.slice(0, last.lastIndexOf('/'));
    const later = this.#sent.slice(at + 1).filter((sent) => sent.stream === stream);
    for (const { id, message } of later)
      if (Object.keys(message).length > 0) await send(id, message);
    return stream;
  }
}
