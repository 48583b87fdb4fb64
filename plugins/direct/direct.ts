import { models, requests, tools } from '../../core/index.ts';
import type { Content, Host, Model, ModelEvent, Part, Plugin } from '../../core/index.ts';

/** How an input says which tool to call: a resource of this type, its text `{"name": …, "args": {…}}`. */
const callType = 'application/vnd.spindle.call+json';

/**
 * Tools without a model. A turn of the provider `direct` makes the call that its input names and ends: so a call from
 * outside is judged, wrapped, recorded, capped and interrupted like any other. `tool/list` tells what can be called.
 */
export default function direct(): Plugin {
  return {
    name: 'direct',
    api: 1,
    setup: (host) => {
      host.add(models, model);
      host.add(requests, {
        name: 'tool/list',
        params: { type: 'object', properties: { cwd: { type: 'string' } } },
        result: { type: 'object', properties: { tools: { type: 'array' } }, required: ['tools'] },
        run: async () => ({ tools: listed(host) }),
      });
    },
  };
}

function listed(host: Host) {
  return [...host.get(tools)].map(([name, { description, inputSchema, annotations }]) => ({
    name,
    description,
    inputSchema,
    ...(annotations && { annotations }),
  }));
}

const traits = {
  model: 'direct',
  window: 1_000_000_000,
  output: 1_000_000,
  images: true,
  tools: true,
  efforts: [],
};
const usage = { input: 0, cached: 0, output: 0, reasoning: 0 };

const model: Model = {
  name: 'direct',
  traits: () => traits,
  encode: () => '',
  stream: async function* ({ parts }): AsyncGenerator<ModelEvent> {
    const last = parts.map(({ part }) => part).findLast(isTurned);
    const call = last?.type === 'user' ? callIn(last.content) : undefined;
    if (call !== undefined) {
      const id = `call_${last?.n}`;
      const args = JSON.stringify(call.args ?? {});
      yield { type: 'output', output: { type: 'call', id, call: id, name: call.name, args } };
    }
    yield { type: 'done', stop: 'end', usage };
  },
};

/** What an answer follows on: what was said, or what a tool gave. */
const isTurned = ({ type }: Part) => type === 'user' || type === 'result';

function callIn(content: readonly Content[]) {
  for (const one of content)
    if (one.type === 'resource' && one.resource.mimeType === callType)
      return JSON.parse(one.resource.text ?? '') as {
        readonly name: string;
        readonly args?: unknown;
      }; // as documented
  return undefined;
}
