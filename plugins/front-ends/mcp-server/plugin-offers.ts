/** What plugins offer to hosts (plugins/offers), over the kernel's requests. */

import type { Client, JsonSchema } from '../../../core/index.ts';
import type { Changed, HostEvent, ListedResource } from '../../offers/offers-slots.ts';
import type { Changes } from './changes.ts';
import type { CallContext } from './held-call.ts';
import type { ServedPrompt, ServedResources } from './served.ts';
import type { ServedTool } from './tool.ts';

type Listed<T> = Omit<T, 'run' | 'get' | 'complete'>;

interface Offers {
  readonly tools: readonly Listed<ServedTool>[];
  readonly prompts: readonly Listed<ServedPrompt>[];
  readonly resources: readonly ListedResource[];
  readonly templates: readonly ListedResource[];
}

/** Lists, runs and reads them. */
export class PluginOffers {
  readonly #client: Client;
  readonly resources: ServedResources;

  constructor(client: Client) {
    this.#client = client;
    this.resources = {
      list: async () => {
        const { resources, templates } = await this.#list();
        return [...resources, ...templates];
      },
      read: async (uri, call) => {
        try {
          return (await this.#run({ kind: 'resource', name: uri }, call)) as never; // as documented
        } catch (error) {
          if (error instanceof Error && 'code' in error && error.code === 'not_found')
            return undefined;
          throw error;
        }
      },
    };
  }

  async tools(): Promise<readonly ServedTool[]> {
    const { tools } = await this.#list();
    return tools.map((tool) => ({
      ...tool,
      run: async (args, call) =>
        (await this.#run({ kind: 'tool', name: tool.name, args }, call)) as never, // as documented
    }));
  }

  async prompts(): Promise<readonly ServedPrompt[]> {
    const { prompts } = await this.#list();
    return prompts.map((prompt) => ({
      ...prompt,
      get: async (args, call) =>
        (await this.#run({ kind: 'prompt', name: prompt.name, args }, call)) as never, // as documented
      complete: async (argument, value) => {
        const params = { name: prompt.name, argument, value };
        const { values } = (await this.#client.call('host/complete', params)) as {
          readonly values: readonly string[];
        };
        return values;
      },
    }));
  }

  /** Tells of what plugins say has changed, until the signal is aborted. */
  async watch(changes: Changes, signal: AbortSignal): Promise<void> {
    type Answer = {
      readonly changes: readonly Changed[];
      readonly last: number;
      readonly isOver: boolean;
    };
    for (let after = 0; !signal.aborted;) {
      const answer = (await this.#client.call('host/changes', { after }, signal)) as Answer;
      for (const one of answer.changes) changes.tell(typeof one === 'string' ? { list: one } : one);
      if (answer.isOver) return;
      after = answer.last;
    }
  }

  async #list(): Promise<Offers> {
    return (await this.#client.call('host/list', {})) as Offers;
  }

  async #run(
    wanted: { readonly kind: string; readonly name: string; readonly args?: JsonSchema },
    call: CallContext,
  ): Promise<unknown> {
    const id = `${wanted.kind}/${crypto.randomUUID()}`;
    const params = { ...wanted, call: id, abilities: call.abilities() };
    const running = this.#client.call('host/run', params, call.signal);
    // What was told before its end comes before its result.
    const [result] = await Promise.all([running, this.#follow(id, call)]);
    return result;
  }

  async #follow(id: string, call: CallContext): Promise<void> {
    type Answer = { readonly events: readonly HostEvent[]; readonly isOver: boolean };
    for (let after = 0; ;) {
      const answer = (await this.#client.call('host/next', { call: id, after })) as Answer;
      for (const event of answer.events) await this.#tell(id, event, call);
      if (answer.isOver) return;
      after += answer.events.length;
    }
  }

  async #tell(id: string, event: HostEvent, call: CallContext): Promise<void> {
    switch (event.type) {
      case 'progress': {
        const { type: _type, ...progress } = event;
        return call.progress(progress);
      }
      case 'log':
        return call.log(event.level, event.data);
      case 'ask': {
        const answering = async () => {
          const replies = await call.ask(event.requests);
          await this.#client.call('host/reply', { call: id, ask: event.ask, replies });
        };
        answering().catch(() => {}); // the call has ended
      }
    }
  }
}
