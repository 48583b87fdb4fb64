/** Parts of a window as input items of the Responses API (openai 7.57, resources/responses). */

import type {
  FunctionTool,
  ResponseFunctionCallOutputItem,
  ResponseInputImage,
  ResponseInputItem,
  ResponseInputText,
  Tool,
} from 'openai/resources/responses/responses';

import type { Content, Part } from '../../../core/index.ts';
import { dataUrl, imageOf, markError, wellFormedText, withoutImages } from '../wire/content.ts';
import { quoted } from '../wire/json.ts';

export interface EncodeOptions {
  /** Whether the model sees images. */
  readonly images: boolean;
  /** Names what of `opaque` is ours. */
  readonly origin: string;
  readonly webSearch: boolean;
}

type Encoders = {
  readonly [T in Part['type']]: (part: Extract<Part, { type: T }>, how: EncodeOptions) => string;
};

/**
 * A part as the API's JSON: an input item; `tools` the array of tools; a `system` fragment a string without its quotes,
 * which is joined into `instructions`; '' for what this provider cannot use.
 */
export function encodePart(part: Part, how: EncodeOptions): string {
  const encode = encoders[part.type] as (part: Part, how: EncodeOptions) => string; // the table pairs them
  const hasContent = part.type === 'user' || part.type === 'result';
  if (how.images || !hasContent) return encode(part, how);
  return encode({ ...part, content: withoutImages(part.content) }, how);
}

/** The hosted web search, as the array of tools holds it. */
export const webSearchTool = { type: 'web_search' } as const satisfies Tool;

const encoders: Encoders = {
  tools: ({ tools }, { webSearch }) => {
    const functions = tools.map(({ name, description, inputSchema }): FunctionTool => ({
      type: 'function',
      name,
      description,
      parameters: inputSchema,
      strict: false,
    }));
    return JSON.stringify([...functions, ...(webSearch ? [webSearchTool] : [])] satisfies Tool[]);
  },
  fragment: ({ role, text, opaque }, { origin }) => {
    if (opaque?.provider === origin && Array.isArray(opaque.data))
      return opaque.data.map(item).join(',');
    return role === 'system' ? quoted(text) : item(message(role, [{ type: 'text', text }]));
  },
  user: ({ content }) => item(message('user', content)),
  reasoning: ({ id, summary, opaque }, { origin }) => {
    if (opaque?.provider !== origin || typeof opaque.data !== 'string') return '';
    return item({
      type: 'reasoning',
      id,
      summary: summary.map((text) => ({ type: 'summary_text', text })),
      encrypted_content: opaque.data,
    });
  },
  assistant: ({ text, phase }) =>
    item({
      type: 'message',
      role: 'assistant',
      // The API wants `output_text` here, which its type of an input message leaves out.
      content: [{ type: 'output_text', text: text.toWellFormed() }] as never,
      ...(phase === undefined ? {} : { phase: phase === 'final' ? 'final_answer' : phase }),
    }),
  call: ({ call, name, args }) =>
    item({ type: 'function_call', call_id: call, name, arguments: args.toWellFormed() }),
  hosted: ({ opaque }, { origin }) =>
    // What this API gave goes back as it came.
    opaque.provider === origin ? item(opaque.data as ResponseInputItem) : '',
  result: ({ call, content, isError }) =>
    item({ type: 'function_call_output', call_id: call, output: outputOf(content, isError) }),
};

function item(value: ResponseInputItem): string {
  return JSON.stringify(value);
}

function message(role: 'user' | 'developer', content: readonly Content[]): ResponseInputItem {
  return { type: 'message', role, content: content.map(inputOf) };
}

function outputOf(
  content: readonly Content[],
  isError: boolean,
): string | ResponseFunctionCallOutputItem[] {
  const marked = markError(content, isError);
  return marked.some(imageOf) ? marked.map(inputOf) : wellFormedText(marked);
}

function inputOf(one: Content): ResponseInputText | ResponseInputImage {
  const image = imageOf(one);
  if (image === undefined) return { type: 'input_text', text: wellFormedText([one]) };
  return { type: 'input_image', detail: 'auto', image_url: dataUrl(image) };
}
