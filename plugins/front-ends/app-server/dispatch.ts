/** From a request to the method that answers it, and from whatever it throws to an error of the wire. */

import { asKernelError, KernelError, type ErrorCode } from '../../../core/index.ts';
import { RpcError, rpcCodes, type Call, type MethodTable, type Session } from './session.ts';

interface Dispatched {
  readonly method: string;
  readonly params: unknown;
  readonly session: Session;
  readonly call: Call;
}

/** Runs the method. Throws RpcError -32601 for one that is not there, -32602 with the path of the first fault. */
export async function dispatch({ methods }: MethodTable, request: Dispatched): Promise<unknown> {
  const { method: name, session, call } = request;
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (method === undefined) throw new RpcError('unknownMethod', `there is no method "${name}"`);
  const parsed = method.params.safeParse(request.params);
  if (!parsed.success) throw faultOf(parsed.error.issues);
  return method.run(parsed.data, session, call);
}

type Issue = Readonly<{ path: readonly PropertyKey[]; message: string }>;

function faultOf(issues: readonly Issue[]): RpcError {
  const [first] = issues;
  const path = pathOf(first?.path ?? []);
  const faults = issues.map((issue) => ({ path: pathOf(issue.path), message: issue.message }));
  return new RpcError('invalidParams', `${path}: ${first?.message ?? 'invalid'}`, { path, faults });
}

/** As `input[0].text`. */
function pathOf(path: readonly PropertyKey[]): string {
  const shown = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`));
  return shown.join('').replace(/^\./, '') || 'params';
}

/** Codes of KernelError that say the request was wrong, not the server. */
const clientFaults: ReadonlySet<ErrorCode> = new Set([
  'invalid',
  'not_found',
  'conflict',
  'denied',
  'aborted',
  'model_config',
]);

/** Anything thrown, as an error of the wire. KernelError's code is in `data.code`. */
export function errorOf(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) return thrown;
  const { code, message } = asKernelError(thrown);
  const isFromKernel = thrown instanceof KernelError;
  const wire = isFromKernel && clientFaults.has(code) ? 'invalidRequest' : 'internal';
  return new RpcError(rpcCodes[wire], message, { code: isFromKernel ? code : 'internal' });
}
