/** The body of a request to the Chat Completions API, joined from texts that are JSON already. */

import type { ModelRequest, Traits } from '../../../core/index.ts';
import { joinArray, joinObject } from '../wire/json.ts';
import type { Endpoint, ProviderOptions } from '../wire/provider.ts';
import { joinMessages } from './encode.ts';

/** Everything that stays the same comes first and `messages` last, so that the earlier body leads the next one. */
export function chatBody(
  { parts, settings, toolChoice, outputSchema }: ModelRequest,
  { model, efforts }: Traits,
  { output, isOpenAI }: Pick<ProviderOptions, 'output'> & Pick<Endpoint, 'isOpenAI'>,
): string {
  const tools = parts.find(({ part }) => part.type === 'tools')?.text;
  return joinObject({
    model: JSON.stringify(model),
    stream: 'true',
    stream_options: '{"include_usage":true}',
    // OpenAI's own models refuse the old name, most other servers do not know the new one.
    [isOpenAI ? 'max_completion_tokens' : 'max_tokens']: JSON.stringify(output),
    reasoning_effort: efforts.length > 0 ? JSON.stringify(settings.effort) : undefined,
    response_format: outputSchema === undefined ? undefined : format(outputSchema),
    // `auto` is what every server does, and some refuse to be told.
    tool_choice: tools !== undefined && toolChoice === 'none' ? '"none"' : undefined,
    tools,
    messages: joinArray(joinMessages(parts)),
  });
}

function format(schema: NonNullable<ModelRequest['outputSchema']>): string {
  return JSON.stringify({
    type: 'json_schema',
    json_schema: { name: 'answer', strict: true, schema },
  });
}
