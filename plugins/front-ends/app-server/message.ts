/** What came over the wire, told apart: JSON-RPC 2.0 with the `jsonrpc` member left out or not. */

import { RpcError } from './session.ts';

/** Ids of requests: each side has its own. */
export type Id = string | number;

/** A message from a client. */
export type Message =
  | Readonly<{ kind: 'request'; id: Id; method: string; params: unknown; versioned: boolean }>
  | Readonly<{ kind: 'notification'; method: string; params: unknown }>
  | Readonly<{ kind: 'answer'; id: unknown; result?: unknown; error?: unknown }>;

/** What is wrong with a message, and the id to say so under. */
export type Fault = Readonly<{ kind: 'fault'; id: Id | null; error: RpcError }>;

/** Reads one message. */
export function readMessage(text: string): Message | Fault {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    return fault(null, new RpcError('parse', `expected one JSON object a message: ${why}`));
  }
  if (Array.isArray(value))
    return wrong(null, 'expected one JSON object, but got an array: send messages one by one');
  if (typeof value !== 'object' || value === null)
    return wrong(null, `expected a JSON object, but got ${JSON.stringify(value).slice(0, 80)}`);
  return readObject(value);
}

type Fields = Partial<Record<'id' | 'method' | 'params' | 'result' | 'error' | 'jsonrpc', unknown>>;

function readObject(fields: Fields): Message | Fault {
  const { id, method, result, error } = fields;
  if (method === undefined && ('result' in fields || 'error' in fields))
    return { kind: 'answer', id, result, ...(error === undefined ? {} : { error }) };
  const known = isId(id) ? id : null;
  if (typeof method !== 'string')
    return wrong(known, 'expected "method", a string, or an answer with "result" or "error"');
  if ('id' in fields && known === null)
    return wrong(null, `expected "id" to be a string or an integer, but got ${shownId(id)}`);
  return readCall({ ...fields, method }, known);
}

function readCall(fields: Fields & { readonly method: string }, id: Id | null): Message | Fault {
  const { method, params = {}, jsonrpc } = fields;
  if (typeof params !== 'object' || Array.isArray(params))
    return fault(id, new RpcError('invalidParams', badParams, { path: 'params' }));
  if (id === null) return { kind: 'notification', method, params };
  return { kind: 'request', id, method, params: params ?? {}, versioned: jsonrpc === '2.0' };
}

const badParams = 'params: expected an object';
const fault = (id: Id | null, error: RpcError): Fault => ({ kind: 'fault', id, error });
const wrong = (id: Id | null, message: string) =>
  fault(id, new RpcError('invalidRequest', message));
const isId = (id: unknown): id is Id => typeof id === 'string' || Number.isSafeInteger(id);
const shownId = (id: unknown) => JSON.stringify(id).slice(0, 80);
