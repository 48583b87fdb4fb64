/** A window as the parameters of `sampling/createMessage`. */

import type { Content, JsonSchema, ModelRequest, Part } from '../../../core/index.ts';

/** A block of a message, in MCP's words. */
type Block =
  | Content
  | {
      readonly type: 'tool_use';
      readonly id: string;
      readonly name: string;
      readonly input: unknown;
    }
  | {
      readonly type: 'tool_result';
      readonly toolUseId: string;
      readonly content: readonly Content[];
      readonly isError: boolean;
    };
interface Message {
  readonly role: 'user' | 'assistant';
  readonly content: Block[];
}

/** A part as it counts in the window: its text, as JSON. */
export function encodePart(part: Part): string {
  if (part.type === 'tools') return JSON.stringify(part.tools);
  return JSON.stringify(blocksOf(part));
}

/** What the host is asked. */
export function messagesOf({ parts, toolChoice }: ModelRequest, maxTokens: number) {
  const all = parts.map(({ part }) => part);
  const tools = all.findLast((part) => part.type === 'tools')?.tools ?? [];
  const system = all.flatMap((part) =>
    part.type === 'fragment' && part.role === 'system' ? [part.text] : [],
  );
  return {
    ...(system.length === 0 ? {} : { systemPrompt: system.join('\n\n') }),
    messages: joined(all),
    maxTokens,
    ...(tools.length === 0 ? {} : { tools, toolChoice: { mode: toolChoice } }),
  };
}

/** Neighbours of one role are one message; results stand alone (MCP 2025-11-25, "Tool Use in Sampling"). */
function joined(parts: readonly Part[]): readonly Message[] {
  const messages: Message[] = [];
  for (const part of parts) {
    const content = blocksOf(part);
    if (content.length === 0) continue;
    const role = part.type === 'assistant' || part.type === 'call' ? 'assistant' : 'user';
    const last = messages.at(-1);
    const isLike = isResult(last?.content[0]) === isResult(content[0]);
    if (last?.role === role && isLike) last.content.push(...content);
    else messages.push({ role, content: [...content] });
  }
  return messages;
}

const isResult = (block?: Block) => block?.type === 'tool_result';

function blocksOf(part: Part): readonly Block[] {
  switch (part.type) {
    case 'fragment':
      return part.role === 'system' ? [] : [{ type: 'text', text: part.text }];
    case 'user':
      return part.content.map(sayable);
    case 'assistant':
      return [{ type: 'text', text: part.text }];
    case 'call':
      return [{ type: 'tool_use', id: part.call, name: part.name, input: inputOf(part.args) }];
    case 'result':
      return [
        {
          type: 'tool_result',
          toolUseId: part.call,
          content: part.content,
          isError: part.isError,
        },
      ];
    case 'tools':
    case 'reasoning':
    case 'hosted':
      return [];
  }
}

/** What people say may be text, image or audio; a resource is said as its text. */
function sayable(content: Content): Content {
  if (content.type === 'resource')
    return { type: 'text', text: content.resource.text ?? content.resource.uri };
  return content.type === 'resource_link' ? { type: 'text', text: content.uri } : content;
}

function inputOf(args: string): JsonSchema {
  try {
    return Object(JSON.parse(args)) as JsonSchema; // arguments are an object
  } catch {
    return {};
  }
}
