/** What a host's model answered, as outputs. */

import { newId, type Output } from '../../../core/index.ts';

/** MCP's CreateMessageResult, as far as it is looked at. */
export interface Sampled {
  readonly model: string;
  readonly stopReason?: string;
  readonly content: Block | readonly Block[];
}
interface Block {
  readonly type: string;
  readonly text?: string;
  readonly id?: string;
  readonly name?: string;
  readonly input?: unknown;
}

/** Texts and calls, in their order; what a model of a window cannot say is left out. */
export function outputsOf({ content }: Sampled): readonly Output[] {
  return [content].flat().flatMap((block: Block): readonly Output[] => {
    const id = newId();
    if (block.type === 'text') return [{ type: 'assistant', id, text: block.text ?? '' }];
    if (block.type !== 'tool_use') return [];
    const args = JSON.stringify(block.input ?? {});
    return [{ type: 'call', id, call: block.id ?? id, name: block.name ?? '', args }];
  });
}
