/** The body of a request to the Responses API, joined from texts that are JSON already. */

import type { ModelRequest, Traits } from '../../../core/index.ts';
import { joinArray, joinObject } from '../wire/json.ts';
import type { ProviderOptions } from '../wire/provider.ts';
import { webSearchTool } from './encode.ts';

export interface BodyOptions extends ProviderOptions {
  readonly webSearch?: boolean;
  readonly reasoningSummary?: 'auto' | 'concise' | 'detailed';
  readonly serviceTier?: string;
}

/** Everything that stays the same comes first and `input` last, so that the earlier body leads the next one. */
export function responsesBody(
  request: ModelRequest,
  { model, efforts }: Traits,
  options: BodyOptions,
): string {
  const { parts, thread, settings, toolChoice, outputSchema } = request;
  const isSystem = ({ part }: (typeof parts)[number]) =>
    part.type === 'fragment' && part.role === 'system';
  const offered = parts.find(({ part }) => part.type === 'tools')?.text;
  const tools = offered ?? (options.webSearch ? JSON.stringify([webSearchTool]) : undefined);
  const system = parts.filter(isSystem).map(({ text }) => text);
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
    instructions: system.length === 0 ? undefined : `"${system.join('\\n\\n')}"`,
    tools,
    input: joinArray(input.map(({ text }) => text)),
  });
}

function reasoning(effort: string | undefined, summary: string | undefined): string | undefined {
  if (effort === undefined && summary === undefined) return undefined;
  return JSON.stringify({ effort, summary });
}

function format(schema: NonNullable<ModelRequest['outputSchema']>): string {
  return JSON.stringify({ format: { type: 'json_schema', name: 'answer', strict: true, schema } });
}
