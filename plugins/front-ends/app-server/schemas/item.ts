/** What turns are made of. */

import { z } from 'zod';
import { json, milliseconds, orNull, text, userInput } from './values.ts';

const id = text;
const status = z.enum(['inProgress', 'completed', 'failed']);
const durationMs = orNull(z.int());
const times = {
  startedAtMs: milliseconds.nullish(),
  completedAtMs: milliseconds.nullish(),
};

/** What a command does, as far as it can be told from its words. */
const commandAction = z.discriminatedUnion('type', [
  z.object({ type: z.literal('read'), command: text, name: text, path: text }),
  z.object({ type: z.literal('listFiles'), command: text, path: orNull(text) }),
  z.object({
    type: z.literal('search'),
    command: text,
    query: orNull(text),
    path: orNull(text),
  }),
  z.object({ type: z.literal('unknown'), command: text }),
]);

const fileUpdate = z.object({
  path: text,
  kind: z.discriminatedUnion('type', [
    z.object({ type: z.literal('add') }),
    z.object({ type: z.literal('delete') }),
    z.object({ type: z.literal('update'), move_path: orNull(text) }),
  ]),
  diff: text.describe('A unified diff.'),
});

/** What a client's tool gives. */
export const toolContent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('inputText'), text }),
  z.object({ type: z.literal('inputImage'), imageUrl: text }),
  z.object({ type: z.literal('inputAudio'), audioUrl: text }),
]);

const webSearchAction = z.discriminatedUnion('type', [
  z.object({ type: z.literal('search'), query: orNull(text), queries: orNull(z.array(text)) }),
  z.object({ type: z.literal('other') }),
]);

const agentState = z.object({
  status: z.enum([
    'pendingInit',
    'running',
    'interrupted',
    'completed',
    'errored',
    'shutdown',
    'notFound',
  ]),
  message: orNull(text),
});

/** An item of a turn, told apart by `type`. */
export const threadItem = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('userMessage'),
      id,
      clientId: orNull(text),
      content: z.array(userInput),
      ...times,
    }),
    z.object({
      type: z.literal('agentMessage'),
      id,
      text,
      phase: orNull(z.enum(['commentary', 'partial_answer', 'final_answer'])),
      memoryCitation: z.null(),
      moderation: z.null(),
      delivery: z.null(),
      questions: z.null(),
      ...times,
    }),
    z.object({
      type: z.literal('reasoning'),
      id,
      summary: z.array(text),
      content: z.array(text),
      ...times,
    }),
    z.object({ type: z.literal('plan'), id, text, ...times }),
    z.object({
      type: z.literal('commandExecution'),
      id,
      command: text,
      cwd: text,
      processId: orNull(text),
      source: z.enum(['agent', 'userShell', 'unifiedExecStartup', 'unifiedExecInteraction']),
      status: z.enum(['inProgress', 'completed', 'failed', 'declined']),
      commandActions: z.array(commandAction),
      aggregatedOutput: orNull(text),
      exitCode: orNull(z.int()),
      durationMs,
      pluginId: z.null(),
      scriptPath: z.null(),
      ...times,
    }),
    z.object({
      type: z.literal('fileChange'),
      id,
      changes: z.array(fileUpdate),
      status: z.enum(['inProgress', 'completed', 'failed', 'declined']),
      ...times,
    }),
    z.object({
      type: z.literal('mcpToolCall'),
      id,
      server: text.describe('`spindle` for tools of its own.'),
      tool: text,
      status,
      arguments: json,
      result: orNull(
        z.object({ content: z.array(json), structuredContent: orNull(json), _meta: orNull(json) }),
      ),
      error: orNull(z.object({ message: text })),
      durationMs,
      appContext: z.null(),
      mcpAppUi: z.null(),
      pluginId: z.null(),
      readOnlyHint: orNull(z.boolean()),
      ...times,
    }),
    z.object({
      type: z.literal('dynamicToolCall'),
      id,
      namespace: orNull(text),
      tool: text,
      arguments: json,
      status,
      contentItems: orNull(z.array(toolContent)),
      success: orNull(z.boolean()),
      durationMs,
      ...times,
    }),
    z.object({
      type: z.literal('collabAgentToolCall'),
      id,
      tool: z.enum(['spawnAgent', 'sendInput', 'wait', 'closeAgent', 'listAgents']),
      status,
      senderThreadId: text,
      receiverThreadIds: z.array(text),
      prompt: orNull(text),
      model: orNull(text),
      reasoningEffort: orNull(text),
      agentsStates: z.record(text, agentState),
      ...times,
    }),
    z.object({
      type: z.literal('webSearch'),
      id,
      query: text,
      action: orNull(webSearchAction),
      results: orNull(z.array(json)),
      ...times,
    }),
    z.object({ type: z.literal('imageView'), id, path: text, ...times }),
    z.object({ type: z.literal('enteredReviewMode'), id, review: text, ...times }),
    z.object({ type: z.literal('exitedReviewMode'), id, review: text, ...times }),
    z.object({ type: z.literal('contextCompaction'), id, ...times }),
  ])
  .meta({ id: 'ThreadItem' });

export type WireItem = z.infer<typeof threadItem>;
/** Of one type. */
export type WireItemOf<Type extends WireItem['type']> = Extract<WireItem, { type: Type }>;
