/** Calls: found, checked, run, capped. Whatever happens, a call has exactly one result. */

import type { AroundTool, Tool, ToolCall, ToolContext, ToolResult } from './contracts.ts';
import { messageOf } from './errors.ts';
import { textOf, type CallItem, type Content, type JsonSchema, type ResultItem } from './item.ts';

/** How long a tool may take to answer after the turn was interrupted, before its call is closed without it. */
const interruptGraceMs = 400;

/** What running calls needs of the turn. */
export interface CallContext {
  readonly signal: AbortSignal;
  /** The tools of the turn, less those that have been withdrawn since. */
  readonly tool: (name: string) => Tool | undefined;
  readonly toolNames: readonly string[];
  readonly wrappers: readonly AroundTool[];
  readonly bind: (item: CallItem, args: JsonSchema) => BoundCall;
  readonly resultBytes: number;
  /** Keeps the whole text of a result that is cut; gives its blob. */
  readonly keep: (text: string) => Promise<string>;
}

/** A call with its effects; `close` ends the processes it left. */
export interface BoundCall {
  readonly context: ToolContext;
  readonly close: () => Promise<void>;
}

/** Runs calls and hands each result to `done` in call order; neighbouring reads run in parallel. */
export async function runCalls(
  calls: readonly CallItem[],
  context: CallContext,
  done: (result: ResultItem) => void | Promise<void>,
): Promise<void> {
  for (const group of groupReads(calls, context)) {
    const running = group.map((call) => runCall(call, context));
    for (const result of running) await done(await result);
  }
}

function groupReads(
  calls: readonly CallItem[],
  context: CallContext,
): readonly (readonly CallItem[])[] {
  const groups: CallItem[][] = [];
  let isOpen = false;
  for (const call of calls) {
    const isRead = context.tool(call.name)?.annotations?.readOnlyHint === true;
    if (isRead && isOpen) groups.at(-1)?.push(call);
    else groups.push([call]);
    isOpen = isRead;
  }
  return groups;
}

/** One call to its result. Never throws. */
async function runCall(item: CallItem, context: CallContext): Promise<ResultItem> {
  const started = performance.now();
  const result = await answer(item, context).catch((error: unknown) => failure(messageOf(error)));
  const { content, full } = await cap(item, result.content, context);
  return {
    type: 'result',
    call: item.call,
    name: item.name,
    content,
    isError: result.isError ?? false,
    ...(result.detail === undefined ? {} : { detail: result.detail }),
    ...(full === undefined ? {} : { full }),
    durationMs: Math.round(performance.now() - started),
  };
}

/** An error result: what the model reads of a failure. */
export function failure(message: string): ToolResult {
  return { content: [{ type: 'text', text: message }], isError: true };
}

async function answer(item: CallItem, context: CallContext): Promise<ToolResult> {
  if (context.signal.aborted) return failure('not run: the turn was interrupted');
  const tool = context.tool(item.name);
  if (tool === undefined)
    return failure(`there is no tool "${item.name}"; there are: ${context.toolNames.join(', ')}`);
  const args = parseArgs(item.args);
  const fault = typeof args === 'string' ? args : faultIn(args, tool.inputSchema, 'arguments');
  if (typeof args === 'string' || fault !== undefined)
    return failure(`${item.name} was not run: ${fault}`);
  const bound = context.bind(item, args);
  const step = (index: number, call: ToolCall): Promise<ToolResult> => {
    const wrapper = context.wrappers[index];
    if (wrapper !== undefined) return wrapper(call, bound.context, (next) => step(index + 1, next));
    return Promise.resolve(tool.run(call.args, { ...bound.context, call }));
  };
  try {
    return await orInterrupted(step(0, bound.context.call), context.signal);
  } finally {
    await bound.close();
  }
}

function parseArgs(text: string): JsonSchema | string {
  try {
    const args: unknown = text.trim() === '' ? {} : JSON.parse(text);
    if (typeof args === 'object' && args !== null && !Array.isArray(args))
      return args as JsonSchema; // a JSON object
    return `expected the arguments to be a JSON object, but they are ${Array.isArray(args) ? 'an array' : typeof args}`;
  } catch (error) {
    return `its arguments are no valid JSON (${messageOf(error)}): write them again`;
  }
}

/** The tool's own answer, or, when the turn is interrupted and the tool does not end soon, that it was. */
async function orInterrupted(
  running: Promise<ToolResult>,
  signal: AbortSignal,
): Promise<ToolResult> {
  const { promise, resolve } = Promise.withResolvers<ToolResult>();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    timer = setTimeout(() => resolve(failure('interrupted')), interruptGraceMs);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([running, promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * What is wrong with a value by the parts of JSON Schema that tools use (type, enum, required, properties,
 * additionalProperties: false, items); `undefined` when nothing is. Keywords beyond these are the tool's to check.
 */
export function faultIn(value: unknown, schema: JsonSchema, path: string): string | undefined {
  const types = [schema['type'] as string | readonly string[] | undefined]
    .flat()
    .filter((type) => type !== undefined); // JSON Schema: a name or a list of names
  if (types.length > 0 && !types.some((type) => isOfType(value, type))) {
    return `expected ${path} to be ${types.join(' or ')}, but it is ${typeName(value)}`;
  }
  const allowed = schema['enum'];
  if (Array.isArray(allowed) && !allowed.includes(value)) {
    return `expected ${path} to be one of ${JSON.stringify(allowed)}, but it is ${JSON.stringify(value)}`;
  }
  if (Array.isArray(value)) return faultInItems(value, schema, path);
  return typeof value === 'object' && value !== null
    ? faultInObject(value as JsonSchema, schema, path)
    : undefined; // an object
}

function faultInItems(
  values: readonly unknown[],
  schema: JsonSchema,
  path: string,
): string | undefined {
  const items = schema['items'] as JsonSchema | undefined; // JSON Schema: a schema
  if (items === undefined) return undefined;
  for (const [index, value] of values.entries()) {
    const fault = faultIn(value, items, `${path}[${index}]`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultInObject(value: JsonSchema, schema: JsonSchema, path: string): string | undefined {
  const properties = (schema['properties'] ?? {}) as { readonly [key: string]: JsonSchema }; // JSON Schema
  const required = (schema['required'] ?? []) as readonly string[]; // JSON Schema
  const missing = required.find((key) => value[key] === undefined);
  if (missing !== undefined) return `expected ${path} to have "${missing}"`;
  for (const [key, inner] of Object.entries(value)) {
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (property === undefined) {
      if (schema['additionalProperties'] !== false) continue;
      return `${path} has an unknown "${key}"; known are ${Object.keys(properties).join(', ')}`;
    }
    if (inner === null && !required.includes(key)) continue; // models write null for "absent"
    const fault = faultIn(inner, property, `${path}.${key}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value);
  return typeName(value) === type;
}

function typeName(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}

async function cap(
  item: CallItem,
  content: readonly Content[],
  context: CallContext,
): Promise<{ readonly content: readonly Content[]; readonly full?: ResultItem['full'] }> {
  const texts = content.filter((one) => one.type === 'text');
  const bytes = texts.reduce((sum, one) => sum + Buffer.byteLength(one.text), 0);
  if (bytes <= context.resultBytes) return { content };
  const text = textOf(texts);
  const blob = await context.keep(text);
  const rest = content.filter((one) => one.type !== 'text');
  return {
    content: [{ type: 'text', text: cutMiddle(text, context.resultBytes, item.call) }, ...rest],
    full: { blob, bytes },
  };
}

/** The head and the tail of a text of too many bytes, with a note of what was left out and where it is. */
export function cutMiddle(text: string, maxBytes: number, call: string): string {
  const bytes = Buffer.from(text);
  const head = new TextDecoder().decode(
    bytes.subarray(0, startOfCharacter(bytes, Math.floor(maxBytes / 2))),
  );
  const tail = new TextDecoder().decode(
    bytes.subarray(startOfCharacter(bytes, bytes.length - Math.floor(maxBytes / 2))),
  );
  const left = bytes.length - Buffer.byteLength(head) - Buffer.byteLength(tail);
  return `${head}\n[… ${left} of ${bytes.length} bytes left out; the whole text can be read as the file result:${call} …]\n${tail}`;
}

/** The nearest index at or before `index` where a UTF-8 character starts. */
function startOfCharacter(bytes: Uint8Array, index: number): number {
  let at = index;
  while (at > 0 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at--;
  return at;
}
