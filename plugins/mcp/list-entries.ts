/** The lists of a server, entry by entry: the SDK refuses a whole list for one entry that the protocol does not allow. */

import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';

import type { Sdk } from './connect.ts';
import { oneLine } from './text.ts';

/** What the entries of a result are, by the name that it has for them. */
const kinds = {
  tools: 'Tool',
  prompts: 'Prompt',
  resources: 'Resource',
  resourceTemplates: 'ResourceTemplate',
} as const;

/**
 * Has a connected transport deliver lists without what is no entry by the protocol, each told by `log`. A tool whose
 * schema does not say that its arguments are an object stays: they can be nothing else. In what tools answer, content of
 * an unknown kind stays as text.
 */
export function passOverBadEntries(
  transport: Transport,
  { isSpecType }: Sdk,
  log: (message: string) => void,
): void {
  const deliver = transport.onmessage;
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a transport is no EventTarget
  transport.onmessage = (message, extra) => {
    const result = resultIn(message);
    for (const [list, kind] of Object.entries(kinds)) {
      const entries = result[list];
      if (!Array.isArray(entries)) continue;
      const all = kind === 'Tool' ? entries.map(withObject) : entries;
      result[list] = all.filter((entry) => {
        const isOne = isSpecType[kind](entry);
        if (!isOne) log(`left out of its ${list}, for it is no ${kind}: ${shown(entry)}`);
        return isOne;
      });
    }
    const { content } = result;
    if (Array.isArray(content))
      result['content'] = content.map((block) =>
        isSpecType.ContentBlock(block) ? block : asText(block),
      );
    deliver?.(message, extra);
  };
}

/** Content of a kind that is not known here is told as it came. */
function asText(block: unknown) {
  return { type: 'text', text: JSON.stringify(block) };
}

function resultIn(message: JSONRPCMessage): Record<string, unknown> {
  return 'result' in message ? message.result : {};
}

function withObject(tool: unknown): unknown {
  if (typeof tool !== 'object' || tool === null || !('inputSchema' in tool)) return tool;
  return { ...tool, inputSchema: { ...Object(tool.inputSchema), type: 'object' } };
}

function shown(entry: unknown): string {
  return oneLine(JSON.stringify(entry), 200);
}
