/** Sessions of hosts that speak the 2025 versions over HTTP: each has a server of its own. */

import { randomUUID } from 'node:crypto';

import {
  type McpServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';

import { whenClosed } from './changes.ts';
import { EventLog } from './event-log.ts';

interface Session {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly server: McpServer;
}

/** How many sessions are kept; the one that was not used for longest is the first to go. */
const maxSessions = 256;
/** How long a host waits before it opens a stream again, in ms. */
const retryMs = 1000;

/** Answers requests of the 2025 era. Closing ends all sessions with their calls. */
export class Sessions {
  readonly #make: () => McpServer;
  readonly #maxBytes: number;
  /** In the order of their last use. */
  readonly #open = new Map<string, Session>();

  constructor(make: () => McpServer, maxBytes: number) {
    this.#make = make;
    this.#maxBytes = maxBytes;
  }

  /** Throws nothing: a session that is not there is answered 404, a request that names none 400 or a new session. */
  async answer(request: Request): Promise<Response> {
    const id = request.headers.get('mcp-session-id');
    if (id === null) return this.#begin(request);
    const session = this.#open.get(id);
    if (session === undefined) return notFound();
    this.#open.delete(id);
    this.#open.set(id, session);
    return session.transport.handleRequest(request);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ server }) => server.close()));
  }

  /** The transport refuses what is no `initialize`; it is let go of then. */
  async #begin(request: Request): Promise<Response> {
    const server = this.#make();
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      maxRequestBodySize: this.#maxBytes,
      eventStore: new EventLog(),
      retryInterval: retryMs,
      onsessioninitialized: (id) => this.#keep(id, { transport, server }),
    });
    await server.connect(transport);
    whenClosed(server.server, () => void this.#open.delete(transport.sessionId ?? ''));
    const response = await transport.handleRequest(request);
    if (transport.sessionId === undefined) await server.close();
    return response;
  }

  #keep(id: string, session: Session): void {
    this.#open.set(id, session);
    const [oldest] = this.#open.values();
    if (this.#open.size > maxSessions) void oldest?.server.close();
  }
}

function notFound(): Response {
  const error = { code: -32001, message: 'there is no such session: initialize again' };
  return Response.json({ jsonrpc: '2.0', error, id: null }, { status: 404 });
}
