/** `--expose tools`: the agent's own tools, without its model. Each call is a turn that makes just this call. */

import type { Content, JsonSchema, ThreadInfo, ToolAnnotations } from '../../../core/index.ts';
import type { Agent } from './agent.ts';
import type { CallContext } from './held-call.ts';
import { deniedOf, deniedText } from './report.ts';
import type { ServedResult, ServedTool } from './tool.ts';
import { driveTurn, outputTeller } from './turn.ts';

interface Listed {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  readonly annotations?: ToolAnnotations;
}

/** After so many items a thread of calls is replaced, unless a process of its own runs. */
const maxItems = 400;

/** The tools of the folder that the server works in. */
export async function directTools(
  agent: Agent,
  threads: CallThreads,
): Promise<readonly ServedTool[]> {
  const { tools } = (await agent.client.call('tool/list', {})) as {
    readonly tools: readonly Listed[];
  }; // as documented
  return tools.map((tool) => ({
    ...tool,
    run: (args, call) =>
      threads.use(args, (info) => callTool(agent, info, { name: tool.name, args }, call)),
  }));
}

async function callTool(
  { client }: Agent,
  info: ThreadInfo,
  wanted: { readonly name: string; readonly args: JsonSchema },
  call: CallContext,
): Promise<ServedResult> {
  const input: readonly Content[] = [
    {
      type: 'resource',
      resource: {
        uri: `call:${wanted.name}`,
        mimeType: 'application/vnd.spindle.call+json',
        text: JSON.stringify(wanted),
      },
    },
  ];
  const driving = { call, tell: outputTeller(call) };
  const { followed } = await driveTurn(client, info, { input }, driving);
  const { result, denied, outcome } = followed;
  const told = denied.map((decision) => deniedText(deniedOf(decision)));
  const rules =
    told.length === 0 ? [] : [{ type: 'text', text: ['Denied:', ...told].join('\n') } as const];
  const lost = outcome.end?.error?.message ?? outcome.broken?.message ?? 'the call was interrupted';
  const content = result?.content ?? [{ type: 'text', text: lost } as const];
  return { content: [...content, ...rules], isError: result?.isError ?? true };
}

/** The threads in which tools are called: each call has one for itself, the first that is free. */
export class CallThreads {
  readonly #agent: Agent;
  readonly #free: ThreadInfo[] = [];

  constructor(agent: Agent) {
    this.#agent = agent;
  }

  /** A call that names a process goes where that runs. */
  async use<T>(args: JsonSchema, run: (info: ThreadInfo) => Promise<T>): Promise<T> {
    const known = await this.#take(args['process']);
    const info = known ?? (await this.#agent.scratch({ provider: 'direct' }));
    try {
      return await run(info);
    } finally {
      await this.#give(info).catch(() => {}); // the kernel has ended
    }
  }

  async #take(process: unknown): Promise<ThreadInfo | undefined> {
    const { threads } = await this.#agent.client.request('kernel/describe', {});
    const running = threads.find(({ status }) => status.processes.includes(String(process)));
    const at = this.#free.findIndex(({ id }) => running === undefined || id === running.id);
    return this.#free.splice(Math.max(0, at), 1)[0];
  }

  async #give({ id: thread }: ThreadInfo): Promise<void> {
    const { threads } = await this.#agent.client.request('kernel/describe', {});
    const info = threads.find(({ id }) => id === thread);
    if (info === undefined) return;
    if (info.last < maxItems || info.status.processes.length > 0) this.#free.unshift(info);
    else await this.#agent.client.request('thread/remove', { thread });
  }
}
