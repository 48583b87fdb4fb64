/** The body of a request to the Responses API, joined from texts that are JSON already. */

import type { EncodedPart, ModelRequest, Traits } from '../../../core/index.ts';
import { joinArray, joinObject } from '../wire/json.ts';
import type { ProviderOptions } from '../wire/provider.ts';
import { webSearchTool } from './encode.ts';

export interface BodyOptions extends ProviderOptions {
  readonly webSearch?: boolean;
  readonly reasoningSummary?: 'auto' | 'concise' | 'detailed';
  readonly serviceTier?: string;
  readonly compact?: boolean;
}

/** Everything that stays the same comes first and `input` last, so that the earlier body leads the next one. */
export function responsesBody(
  request: ModelRequest,
  { model, efforts }: Traits,
  options: BodyOptions,
): string {
  const { parts, thread, settings, toolChoice, outputSchema } = request;
  const offered = parts.find(({ part }) => part.type === 'tools')?.text;
  const tools = offered ?? (options.webSearch ? JSON.stringify([webSearchTool]) : undefined);
  const input = parts.filter((one) => one.part.type !== 'tools' && !isSystem(one));
  const canThink = efforts.length > 0;
  return joinObject({
    model: JSON.stringify(model),
    stream: 'true',
    store: 'false',
    include: canThink ? '["reasoning.encrypted_content"]' : undefined,
    prompt_cache_key: JSON.stringify(thread),
    service_tier: JSON.stringify(options.serviceTier),
    max_output_tokens: JSON.stringify(options.output),
    reasoning: canThink ? reasoning(settings.effort, options.reasoningSummary) : undefined,
    text: outputSchema === undefined ? undefined : format(outputSchema),
    parallel_tool_calls: tools === undefined ? undefined : 'true',
    tool_choice: tools === undefined ? undefined : JSON.stringify(toolChoice),
    instructions: systemText(parts),
    tools,
    input: joinArray(input.map(({ text }) => text)),
  });
}

/** Whether a part is among the instructions. */
export function isSystem({ part }: EncodedPart): boolean {
  return part.type === 'fragment' && part.role === 'system';
}

/** The instructions as a JSON string; `undefined` when there are none. */
export function systemText(parts: readonly EncodedPart[]): string | undefined {
  const system = parts.filter(isSystem).map(({ text }) => text);
  return system.length === 0 ? undefined : `"${system.join('\\n\\n')}"`;
}

function reasoning(effort: string | undefined, summary: string | undefined): string | undefined {
  if (effort === undefined && summary === undefined) return undefined;
  return JSON.stringify({ effort, summary });
}

function format(schema: NonNullable<ModelRequest['outputSchema']>): string {
  return JSON.stringify({ format: { type: 'json_schema', name: 'answer', strict: true, schema } });
}
