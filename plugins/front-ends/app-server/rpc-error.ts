/** Errors of the wire. */

/** JSON-RPC 2.0, "Error object", and -32001 of the known protocol. */
export const rpcCodes = {
  parse: -32700,
  invalidRequest: -32600,
  unknownMethod: -32601,
  invalidParams: -32602,
  internal: -32603,
  overloaded: -32001,
} as const;

/** An error as the wire has it. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;
  readonly data: unknown;

  constructor(code: number | keyof typeof rpcCodes, message: string, data?: unknown) {
    super(message);
    this.code = typeof code === 'number' ? code : rpcCodes[code];
    this.data = data;
  }
}
