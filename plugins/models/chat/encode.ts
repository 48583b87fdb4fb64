/**
 * Parts of a window as messages of the Chat Completions API (openai 7.57, resources/chat). What a part becomes depends
 * on its neighbours here: a text and the calls after it are one message. So parts are encoded to pieces, once, and
 * `joinMessages` puts the pieces together.
 */

import type {
  ChatCompletionContentPart,
  ChatCompletionFunctionTool,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions/completions';

import type { Content, EncodedPart, JsonSchema, Part } from '../../../core/index.ts';
import { dataUrl, imageOf, markError, wellFormedText, withoutImages } from '../wire/content.ts';
import { joinObject, quoted } from '../wire/json.ts';

/** The names under which servers give, and take back, what a model thinks. */
export type ReasoningField = 'reasoning_content' | 'reasoning';

export interface EncodeOptions {
  /** Whether the model sees images. */
  readonly images: boolean;
  /** Names what of `opaque` is ours; '' when what the model thinks is not to be sent back. */
  readonly origin: string;
}

type Encoders = {
  readonly [T in Part['type']]: (part: Extract<Part, { type: T }>, how: EncodeOptions) => string;
};

/**
 * A part as a piece of JSON: a message, a tool call, a member of a message, or (texts of fragments and of the model) a
 * string without its quotes. Images of a result follow its message after a line feed, which no JSON of ours holds.
 */
export function encodePart(part: Part, how: EncodeOptions): string {
  const encode = encoders[part.type] as (part: Part, how: EncodeOptions) => string; // the table pairs them
  const hasContent = part.type === 'user' || part.type === 'result';
  if (how.images || !hasContent) return encode(part, how);
  return encode({ ...part, content: withoutImages(part.content) }, how);
}

const encoders: Encoders = {
  tools: ({ tools }) =>
    JSON.stringify(
      tools.map(({ name, description, inputSchema: parameters }): ChatCompletionFunctionTool => {
        return { type: 'function', function: { name, description, parameters } };
      }),
    ),
  fragment: ({ text }) => quoted(text),
  user: ({ content }) => {
    const isPlain = !content.some(imageOf);
    const said = isPlain ? wellFormedText(content) : content.map(partOf);
    return message({ role: 'user', content: said });
  },
  reasoning: ({ opaque, text, summary }, { origin }) => {
    if (origin === '' || opaque?.provider !== origin) return '';
    // This plugin's own: the field in which the server gave it.
    return `"${opaque.data as ReasoningField}":"${quoted(text ?? summary.join('\n'))}"`;
  },
  assistant: ({ text }) => quoted(text),
  call: ({ call, name, args }) =>
    JSON.stringify({
      id: call,
      type: 'function',
      function: { name, arguments: objectText(args) },
    } satisfies ChatCompletionMessageFunctionToolCall),
  hosted: () => '',
  result: ({ call, content, isError }) => {
    const marked = markError(content, isError);
    const images = marked.filter(imageOf).map((one) => JSON.stringify(partOf(one)));
    const text = wellFormedText(marked.filter((one) => imageOf(one) === undefined));
    const shown = images.length > 0 && text === '' ? 'The image follows.' : text;
    const said = message({ role: 'tool', tool_call_id: call, content: shown });
    return images.length === 0 ? said : `${said}\n${images.join(',')}`;
  },
};

function message(value: ChatCompletionMessageParam): string {
  return JSON.stringify(value);
}

function partOf(one: Content): ChatCompletionContentPart {
  const image = imageOf(one);
  if (image === undefined) return { type: 'text', text: wellFormedText([one]) };
  return { type: 'image_url', image_url: { url: dataUrl(image) } };
}

/** Arguments as servers take them back, which parse them: what is no JSON object is wrapped into one. */
function objectText(args: string): string {
  try {
    const value: unknown = JSON.parse(args);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return args;
  } catch {
    // wrapped below
  }
  return JSON.stringify({ malformed: args.toWellFormed() } satisfies JsonSchema);
}

/**
 * The messages of a window, in order. What the model is told before anything was said becomes one system message;
 * later fragments are the user's messages, since many servers take a system message at the start only. A later window
 * that begins with this one has these messages first.
 */
export function joinMessages(parts: readonly EncodedPart[]): readonly string[] {
  const shown = parts.filter(({ part, text }) => part.type !== 'tools' && text !== '');
  const begin = shown.findIndex(({ part }) => part.type !== 'fragment');
  const head = shown.slice(0, begin < 0 ? undefined : begin);
  const system = head.filter((one) => !isUsers(one)).map(({ text }) => text);
  const messages = system.length === 0 ? [] : [textMessage('system', system.join('\\n\\n'))];
  messages.push(...head.filter(isUsers).map(({ text }) => textMessage('user', text)));
  for (const run of runs(shown.slice(head.length))) messages.push(...runMessages(run));
  return messages;
}

function isUsers({ part }: EncodedPart): boolean {
  return part.type === 'fragment' && part.role === 'user';
}

type RunKind = 'answer' | 'result' | 'said';

interface Run {
  readonly kind: RunKind;
  readonly parts: EncodedPart[];
}

function kindOf({ part }: EncodedPart): RunKind {
  if (part.type === 'result') return 'result';
  return part.type === 'user' || part.type === 'fragment' ? 'said' : 'answer';
}

/** Neighbours of one kind. */
function runs(parts: readonly EncodedPart[]): readonly Run[] {
  const found: Run[] = [];
  for (const one of parts) {
    const kind = kindOf(one);
    const last = found.at(-1);
    if (last?.kind === kind) last.parts.push(one);
    else found.push({ kind, parts: [one] });
  }
  return found;
}

function runMessages({ kind, parts }: Run): readonly string[] {
  if (kind === 'answer') return answerMessage(parts);
  if (kind === 'said')
    return parts.map(({ part, text }) =>
      part.type === 'fragment' ? textMessage('user', text) : text,
    );
  const split = parts.map(({ text }) => text.split('\n'));
  const images = split.flatMap(([, image]) => image ?? []);
  const messages = split.map(([said = '']) => said);
  if (images.length > 0) messages.push(`{"role":"user","content":[${images.join(',')}]}`);
  return messages;
}

/** One message of what the model thought, said and called; none when only thoughts are left. */
function answerMessage(parts: readonly EncodedPart[]): readonly string[] {
  const texts = (type: Part['type']) =>
    parts.filter(({ part }) => part.type === type).map(({ text }) => text);
  const said = texts('assistant').join('\\n\\n');
  const calls = texts('call').join(',');
  if (said === '' && calls === '') return [];
  const body = joinObject({
    role: '"assistant"',
    content: said === '' ? 'null' : `"${said}"`,
    tool_calls: calls === '' ? undefined : `[${calls}]`,
  });
  const thoughts = texts('reasoning')[0];
  return [thoughts === undefined ? body : `${body.slice(0, -1)},${thoughts}}`];
}

function textMessage(role: 'system' | 'user', text: string): string {
  return `{"role":"${role}","content":"${text}"}`;
}
