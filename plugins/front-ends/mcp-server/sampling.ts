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

const textAlone =
  'The model that you are can call no tools through this host: nothing can be read, run or changed. Answer in words, and say what you could not do.';

/** For a host that announces no `sampling.tools`: its model is asked for words alone, and told so. */
function withoutTools({ tools, toolChoice: _choice, ...params }: NonNullable<Next['params']>) {
  if (tools === undefined) return params;
  const { systemPrompt } = params as { readonly systemPrompt?: string }; // by host-model
  return { ...params, systemPrompt: [systemPrompt, textAlone].filter(Boolean).join('\n\n') };
}

async function ask(params: NonNullable<Next['params']>, call: CallContext) {
  const { sampling } = call.abilities();
  if (sampling === undefined)
    return { error: 'this host lends no model (it announces no sampling)' };
  try {
    const wanted = sampling.tools === undefined ? withoutTools(params) : params;
    const replies = await call.ask({ model: { method: 'sampling/createMessage', params: wanted } });
    return { result: replies['model'] };
  } catch (error) {
    return { error: `the host's model gave no answer: ${messageOf(error)}` };
  }
}
