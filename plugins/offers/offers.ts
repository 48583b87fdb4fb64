import { notFound, requests } from '../../core/index.ts';
import type { Host, JsonSchema, Plugin, RequestHandler } from '../../core/index.ts';
import { ChangeLog, HostCall } from './host-call.ts';
import {
  hostPrompts,
  hostResources,
  hostTools,
  type HostLink,
  type ListedResource,
} from './offers-slots.ts';

/**
 * What plugins offer to MCP hosts, as requests: `host/list`, `host/run` with `host/next` and `host/reply` while it runs,
 * `host/complete`, `host/changes`. The MCP server is their user; docs/mcp-server.md shows a plugin that offers something.
 */
export default function offers(): Plugin {
  return { name: 'offers', api: 1, setup };
}

interface Run {
  readonly call: string;
  readonly kind: 'tool' | 'prompt' | 'resource';
  /** A name, or a URI. */
  readonly name: string;
  readonly args?: JsonSchema;
  readonly abilities?: Readonly<Record<string, unknown>>;
}

interface Since {
  /** How many are known already. */
  readonly after: number;
}
interface Reply {
  readonly call: string;
  readonly ask: number;
  readonly replies: JsonSchema;
}
interface Completion {
  readonly name: string;
  readonly argument: string;
  readonly value: string;
}

function setup(host: Host): void {
  const calls = new Map<string, HostCall>();
  /** Whichever of its requests comes first makes it; it is kept until its end was told. */
  const callOf = (id: string) => {
    const call = calls.get(id) ?? new HostCall();
    calls.set(id, call);
    return call;
  };
  const changes = new ChangeLog();
  host.scope.defer(() => changes.end());
  const add = (name: string, run: RequestHandler['run']) =>
    host.add(requests, { name, params: { type: 'object' }, result: { type: 'object' }, run });
  add('host/list', () => listOf(host));
  add('host/run', async (params, { signal, effects }) => {
    const wanted = params as Run;
    const call = callOf(wanted.call);
    const own = call.link(wanted.abilities ?? {}, signal);
    try {
      return await runOf(host, wanted, { ...own, signal, effects, changed: changes.add });
    } finally {
      call.end();
    }
  });
  add('host/next', async (params) => {
    const { call, after } = params as Since & Pick<Run, 'call'>;
    const next = await callOf(call).next(after);
    if (next.isOver) calls.delete(call);
    return next;
  });
  add('host/reply', async (params) => {
    const { call, ask, replies } = params as Reply;
    calls.get(call)?.reply(ask, replies);
    return {};
  });
  add('host/complete', async (params) => {
    const { name, argument, value } = params as Completion;
    const complete = host.get(hostPrompts).get(name)?.complete;
    return { values: (await complete?.(argument, value)) ?? [] };
  });
  add('host/changes', async (params) => changes.next((params as Since).after));
}

async function listOf(host: Host) {
  const all = await Promise.all(host.get(hostResources).map(async ({ list }) => list()));
  const resources: readonly ListedResource[] = all.flat();
  return {
    tools: [...host.get(hostTools)].map(([name, { run: _run, ...tool }]) => ({ ...tool, name })),
    prompts: [...host.get(hostPrompts)].map(
      ([name, { get: _get, complete: _complete, ...rest }]) => ({
        ...rest,
        name,
      }),
    ),
    resources: resources.filter(({ uri }) => uri !== undefined),
    templates: resources.filter(({ uriTemplate }) => uriTemplate !== undefined),
  };
}

async function runOf(host: Host, { kind, name, args = {} }: Run, link: HostLink): Promise<unknown> {
  switch (kind) {
    case 'tool': {
      const tool = host.get(hostTools).get(name);
      if (tool === undefined) throw notFound`there is no tool ${name}`;
      return tool.run(args, link);
    }
    case 'prompt': {
      const prompt = host.get(hostPrompts).get(name);
      if (prompt === undefined) throw notFound`there is no prompt ${name}`;
      return { messages: await prompt.get(args as Record<string, string>, link) }; // MCP's are texts
    }
    case 'resource':
      for (const { read } of host.get(hostResources)) {
        const found = await read(name, link);
        if (found !== undefined) return { contents: [{ uri: name, ...found }] };
      }
      throw notFound`there is no resource ${name}`;
  }
}
