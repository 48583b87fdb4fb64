/**
 * HTTP for browsers. `POST /rpc` takes one message; the answer to a request is the answer of the POST. `initialize` opens
 * a session, named by the header `Spindle-Session`, which every later POST sends. `GET /events?session=ID` is the stream
 * of notifications and questions; a stream that broke goes on after `Last-Event-ID`.
 */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerJson, answerPlain } from '../../serving/answers.ts';
import { Inbox } from '../inbox.ts';
import { type Id, readMessage } from '../message.ts';
import { maxMessageBytes, type Transport } from '../transport.ts';
import { EventStream } from './events.ts';

/** A session that nobody uses is ended after this time. */
const idleMs = 300_000;
const maxSessions = 500;

interface HttpSession {
  readonly id: string;
  readonly inbox: Inbox<string>;
  readonly events: EventStream;
  /** POSTs that wait for their answer, by the id of the request. */
  readonly pending: Map<Id, ServerResponse>;
  readonly touch: () => void;
}

/** The sessions over HTTP of one server. */
export class HttpSessions {
  readonly #sessions = new Map<string, HttpSession>();
  readonly #serve: (transport: Transport) => void;

  constructor(serve: (transport: Transport) => void) {
    this.#serve = serve;
  }

  /** Answers a request that was let in. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server');
    const at = `${request.method} ${pathname}`;
    if (at === 'POST /rpc') return this.#post(request, response);
    const session = this.#sessions.get(searchParams.get('session') ?? '');
    if (at === 'GET /events' && session !== undefined) {
      session.touch();
      return session.events.open(response, lastEvent(request));
    }
    const what = at === 'GET /events' ? noSession : `there is no ${at}: docs/app-server.md`;
    answerPlain(response, 404, what);
  }

  async #post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await bodyOf(request);
    if (text === undefined)
      return answerPlain(response, 413, `expected at most ${maxMessageBytes} bytes`);
    const message = readMessage(text);
    const name = request.headers['spindle-session'];
    const isHello = message.kind === 'request' && message.method === 'initialize';
    if (name === undefined && !isHello) return refuse(message, response);
    const session = name === undefined ? this.#open() : this.#sessions.get(String(name));
    if (session !== undefined) return take(session, { message, text, response });
    if (name === undefined) answerPlain(response, 503, 'too many clients: try again later');
    else answerPlain(response, 404, noSession);
  }

  /** A new session; `undefined`: there are too many. */
  #open(): HttpSession | undefined {
    if (this.#sessions.size >= maxSessions) return undefined;
    const id = randomUUID();
    const gone = new AbortController();
    const inbox = new Inbox<string>();
    const events = new EventStream();
    const pending = new Map<Id, ServerResponse>();
    const end = () => {
      inbox.end();
      gone.abort();
    };
    let timer = setTimeout(end, idleMs).unref();
    const touch = () => {
      clearTimeout(timer);
      timer = setTimeout(
        () => (events.isOpen || pending.size > 0 ? touch() : end()),
        idleMs,
      ).unref();
    };
    const session = { id, inbox, events, pending, touch };
    this.#sessions.set(id, session);
    this.#serve({
      name: `http ${id.slice(0, 8)}`,
      messages: inbox,
      send: (texts) => events.send(texts),
      answer: (request, text) => reply(session, request, text),
      gone: gone.signal,
      close: end,
      [Symbol.asyncDispose]: async () => {
        clearTimeout(timer);
        this.#sessions.delete(id);
        events.close();
        for (const response of pending.values())
          answerPlain(response, 503, 'the session has ended');
      },
    });
    return this.#sessions.get(id); // unless it was not let in
  }
}

const noSession = 'there is no such session: send "initialize" first, then its Spindle-Session';

/** Outside a session nothing but `initialize` is answered. */
function refuse(message: ReturnType<typeof readMessage>, response: ServerResponse): void {
  if (message.kind !== 'fault') return answerPlain(response, 400, noSession);
  const { code, message: why } = message.error;
  const fault = { id: message.id, error: { code, message: why } };
  answerJson(response, 400, { text: JSON.stringify(fault) });
}

interface Post {
  readonly message: ReturnType<typeof readMessage>;
  readonly text: string;
  readonly response: ServerResponse;
}

function take(session: HttpSession, { message, text, response }: Post): void {
  session.touch();
  response.setHeader('Spindle-Session', session.id);
  if (message.kind === 'notification' || message.kind === 'answer') answerPlain(response, 202, '');
  else if (!wait(session, message.id ?? '', response))
    return answerPlain(response, 409, 'a request with this id is open');
  session.inbox.push(text);
}

/** Keeps a POST until its request is answered; `false`: another one waits under this id. */
function wait({ pending }: HttpSession, id: Id, response: ServerResponse): boolean {
  if (pending.has(id)) return false;
  pending.set(id, response);
  response.on('close', () => {
    if (pending.get(id) === response) pending.delete(id);
  });
  return true;
}

function reply({ pending }: HttpSession, id: Id | null, text: string): boolean {
  const response = pending.get(id ?? '');
  pending.delete(id ?? '');
  if (response !== undefined) answerJson(response, 200, { text });
  return true; // who asked and left wants no answer
}

function lastEvent({ headers }: IncomingMessage): number | undefined {
  const given = headers['last-event-id'];
  return typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : undefined;
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length; // no encoding is set
    if (bytes <= maxMessageBytes) chunks.push(chunk as Buffer); // as above
    else chunks.length = 0;
  }
  return bytes > maxMessageBytes ? undefined : Buffer.concat(chunks).toString('utf8');
}
