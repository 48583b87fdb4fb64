/** `--sampling`: the host's own model answers the turns of its calls (plugins/models/host-model.ts). */

import { messageOf } from '../../../core/index.ts';
import type { Client } from '../../../core/index.ts';
import type { CallContext } from './held-call.ts';

interface Next {
  readonly id?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** Asks the host whatever the thread asks of its model, until disposed. */
export function serveModel(client: Client, thread: string, call: CallContext): Disposable {
  const controller = new AbortController();
  const { signal } = controller;
  const serve = async () => {
    while (!signal.aborted) {
      const { id, params = {} } = (await client.call(
        'host-model/next',
        { thread },
        signal,
      )) as Next; // as documented
      if (id !== undefined)
        await client.call('host-model/answer', { thread, id, ...(await ask(params, call)) });
    }
  };
  serve().catch(() => {}); // the kernel has ended
  return { [Symbol.dispose]: () => controller.abort() };
}

async function ask(params: NonNullable<Next['params']>, call: CallContext) {
  const { sampling } = call.abilities();
  if (sampling === undefined)
    return { error: 'this host lends no model (it announces no sampling)' };
  if (params['tools'] !== undefined && sampling.tools === undefined)
    return { error: "this host's model can call no tools (it announces no sampling.tools)" };
  try {
    const replies = await call.ask({ model: { method: 'sampling/createMessage', params } });
    return { result: replies['model'] };
  } catch (error) {
    return { error: `the host's model gave no answer: ${messageOf(error)}` };
  }
}
