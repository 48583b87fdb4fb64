/** A server that asks the kernel's model: under the same gate, a few times, a short answer, without tools. */

import type { CreateMessageRequest, CreateMessageResult } from '@modelcontextprotocol/client';

import {
  type Content,
  invalid,
  type Model,
  models,
  type Host,
  type PartBody,
  type Settings,
  type Usage,
} from '../../core/index.ts';
import type { ActiveCall } from './active-calls.ts';
import { contentOf } from './content.ts';
import { clean } from './text.ts';

const maxTokens = 4096;
const maxCharacters = 200_000;
const charactersPerToken = 4;

export interface Sampling {
  readonly server: string;
  readonly call: ActiveCall | undefined;
  readonly host: Host;
}

type Params = CreateMessageRequest['params'];

/** Asks for a yes like every call that leaves the sandbox, then the model of the thread. Throws when it may not. */
export async function sample(
  params: Params,
  { server, call, host }: Sampling,
): Promise<CreateMessageResult> {
  if (call === undefined)
    throw invalid`expected a call of ${server} under way, but it asks for a model by itself`;
  if (!call.maySample()) throw invalid`${server} has asked the model too often in this call`;
  const text = JSON.stringify(params.messages);
  if (text.length > maxCharacters)
    throw invalid`expected at most ${maxCharacters} characters for the model, but got ${text.length}`;
  const { effects, call: tool } = call.context;
  const tokens = Math.min(params.maxTokens ?? maxTokens, maxTokens);
  const args = { messages: params.messages, system: params.systemPrompt, maxTokens: tokens };
  const effect = { server, tool: 'sampling/createMessage', args, confined: false };
  return await call.waitFor(
    effects.call(effect, () => answer(params, { call, host, tokens, settings: tool.settings })),
  );
}

interface Asking {
  readonly call: ActiveCall;
  readonly host: Host;
  readonly tokens: number;
  readonly settings: Settings;
}

async function answer(params: Params, asking: Asking): Promise<CreateMessageResult> {
  const { call, host, tokens, settings } = asking;
  const model = host.get(models).get(settings.provider);
  if (model === undefined) throw invalid`there is no model to ask`;
  const request = {
    thread: `sampling ${call.context.call.id}`,
    settings,
    parts: partsOf(params, model),
    toolChoice: 'none',
  } as const;
  const notice = (_level: string, message: string) => host.log(message);
  const context = { signal: call.signal, effects: host.effects, notice };
  let text = '';
  let usage: Usage | undefined;
  for await (const event of model.stream(request, context)) {
    if (event.type === 'delta' && event.kind === 'text') text += event.text;
    if (event.type === 'output' && event.output.type === 'assistant') text = event.output.text;
    if (event.type === 'done') ({ usage } = event);
    if (text.length > tokens * charactersPerToken) break;
  }
  const characters = text.length + request.parts.reduce((sum, part) => sum + part.text.length, 0);
  const { input, output } = usage ?? {
    input: 0,
    output: Math.ceil(characters / charactersPerToken),
  };
  call.spent.tokens += input + output;
  const isCut = text.length > tokens * charactersPerToken;
  return {
    role: 'assistant',
    model: model.traits(settings).model,
    content: { type: 'text', text: text.slice(0, tokens * charactersPerToken) },
    stopReason: isCut ? 'maxTokens' : 'endTurn',
  };
}

function partsOf({ messages, systemPrompt }: Params, model: Model) {
  const bodies: PartBody[] = messages.map(({ role, content }, at): PartBody => {
    const all = (Array.isArray(content) ? content : [content]).flatMap(said);
    if (role === 'user') return { type: 'user', content: all, how: 'start' };
    const text = all.map((one) => (one.type === 'text' ? one.text : '')).join('\n');
    return { type: 'assistant', id: `sampled-${at}`, text };
  });
  const system: PartBody[] =
    systemPrompt === undefined
      ? []
      : [
          {
            type: 'fragment',
            plugin: 'mcp',
            stability: 'fixed',
            text: clean(systemPrompt, 20_000),
            role: 'system',
            source: 'sampling',
            pinned: false,
          },
        ];
  return [...system, ...bodies].map((body, n) => {
    const part = { ...body, n, at: 0 };
    return { part, text: model.encode(part) };
  });
}

function said(block: { readonly type: string }): readonly Content[] {
  const isKnown = block.type === 'text' || block.type === 'image' || block.type === 'audio';
  return isKnown ? [contentOf(block as Parameters<typeof contentOf>[0])] : []; // of one of these types
}
