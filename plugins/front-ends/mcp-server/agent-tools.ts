/** The agent's tools: `spindle`, `spindle-reply`, and what goes with them. */

import { z } from 'zod';

import { KernelError, type JsonSchema } from '../../../core/index.ts';
import type { Agent } from './agent.ts';
import type { CallContext } from './held-call.ts';
import { reportSchema, reportText, settingsShown, type Report } from './report.ts';
import { said, type ServedResult, type ServedTool } from './tool.ts';

const sandbox = z
  .enum(['read-only', 'workspace-write', 'danger-full-access'])
  .describe("What commands may do; at most the server's own.");
const approval = z
  .enum(['untrusted', 'on-request', 'never'])
  .describe("When a person is asked; at most the server's own.");
const prompt = z.string().min(1).describe('What to do, or what else to say.');
const threadId = z.string().min(1).describe('From the result of an earlier call.');

const startArgs = z.strictObject({
  prompt,
  cwd: z.string().optional().describe('The folder to work in.'),
  model: z.string().optional().describe("The model's name; default: the configured one."),
  effort: z.string().optional().describe('How much the model thinks.'),
  sandbox: sandbox.optional(),
  approval: approval.optional(),
  instructions: z.string().optional().describe('Added to the system text.'),
  outputSchema: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('A JSON Schema that the answer follows.'),
});
const replyArgs = z.strictObject({ threadId, prompt });
const threadArgs = z.strictObject({ threadId });
const listArgs = z.strictObject({
  cwd: z.string().optional().describe('Of this folder only.'),
  search: z.string().optional().describe('Those that hold this text.'),
  limit: z.int().min(1).max(100).optional().describe('Default 20.'),
  cursor: z.string().optional().describe('`nextCursor` of an earlier result.'),
});

/** A tool whose arguments are checked by its schema. Throws `invalid` with what is wrong. */
export function toolOf<S extends z.ZodType>(
  definition: Omit<ServedTool, 'inputSchema' | 'run'>,
  schema: S,
  run: (args: z.infer<S>, call: CallContext) => Promise<ServedResult>,
): ServedTool {
  const { $schema: _draft, ...inputSchema } = z.toJSONSchema(schema, { io: 'input', override });
  return {
    ...definition,
    inputSchema,
    run: (args, call) => {
      const { success, error, data } = schema.safeParse(withoutNulls(args));
      if (!success)
        throw new KernelError('invalid', `${definition.name}: ${z.prettifyError(error)}`);
      return run(data, call);
    },
  };
}

/** An object of any members, in the words that every host takes. */
function override({ zodSchema, jsonSchema }: Overridden): void {
  if (zodSchema._zod.def.type !== 'record') return;
  delete jsonSchema.propertyNames;
  jsonSchema.additionalProperties = true;
}

type Overridden = Parameters<NonNullable<z.core.ToJSONSchemaParams['override']>>[0];

/** Models write `null` for what they leave out. */
const withoutNulls = (args: JsonSchema): JsonSchema =>
  Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null));

/** What a turn came to, as the result of a call. */
function reported(report: Report, outputSchema?: object): ServedResult {
  const data = outputSchema === undefined ? report : { ...report, output: parsed(report.answer) };
  return { ...said(reportText(report), data), isError: report.status !== 'completed' };
}

function parsed(text: string): unknown {
  try {
    return (JSON.parse(text) as unknown) ?? undefined;
  } catch {
    return undefined;
  }
}

const text = (value: string) => [{ type: 'text', text: value } as const];

/** The tools that start turns and go on with them. */
export function turnTools(agent: Agent): readonly ServedTool[] {
  const annotations = { destructiveHint: true, openWorldHint: true };
  const execution = { taskSupport: 'optional' } as const;
  return [
    toolOf(
      {
        name: 'spindle',
        title: 'Spindle: do a coding task',
        description:
          'Gives a coding task to the Spindle agent, which reads and changes files, runs commands and answers when it is done. Goes on with spindle-reply.',
        outputSchema: reportSchema,
        annotations,
        execution,
      },
      startArgs,
      async ({ prompt: task, outputSchema, ...wanted }, call) =>
        reported(
          await agent.start(wanted, { input: text(task), outputSchema }, call),
          outputSchema,
        ),
    ),
    toolOf(
      {
        name: 'spindle-reply',
        title: 'Spindle: go on with a thread',
        description:
          'Goes on with a thread of the Spindle agent: a follow-up, an answer, a correction.',
        outputSchema: reportSchema,
        annotations,
        execution,
      },
      replyArgs,
      async ({ threadId: thread, prompt: more }, call) =>
        reported(await agent.reply(thread, { input: text(more) }, call)),
    ),
  ];
}

const interruptSchema = {
  type: 'object',
  properties: { threadId: { type: 'string' }, interrupted: { type: 'boolean' } },
  required: ['threadId', 'interrupted'],
};
const statusSchema = {
  type: 'object',
  properties: {
    threadId: { type: 'string' },
    name: { type: 'string' },
    state: { type: 'string', enum: ['idle', 'active', 'closed', 'stored'] },
    turnId: { type: 'string' },
    queued: { type: 'number' },
    questions: { type: 'number' },
    processes: { type: 'array', items: { type: 'string' } },
    settings: { type: 'object' },
    items: { type: 'number' },
  },
  required: ['threadId', 'state'],
};
const listSchema = {
  type: 'object',
  properties: {
    threads: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          threadId: { type: 'string' },
          name: { type: 'string' },
          cwd: { type: 'string' },
          preview: { type: 'string' },
          updatedAt: { type: 'string' },
        },
        required: ['threadId', 'cwd', 'preview', 'updatedAt'],
      },
    },
    nextCursor: { type: 'string' },
  },
  required: ['threads'],
};

/** The tools that look at threads and interrupt them. */
export function threadTools(agent: Agent): readonly ServedTool[] {
  return [
    toolOf(
      {
        name: 'spindle-interrupt',
        title: 'Spindle: interrupt a thread',
        description: 'Interrupts what a thread of the Spindle agent is doing. The thread stays.',
        outputSchema: interruptSchema,
        annotations: { idempotentHint: true, openWorldHint: false },
      },
      threadArgs,
      ({ threadId: thread }) => interrupt(agent, thread),
    ),
    toolOf(
      {
        name: 'spindle-status',
        title: 'Spindle: status of a thread',
        description: 'Tells what a thread of the Spindle agent is doing and how it is set.',
        outputSchema: statusSchema,
        annotations: { readOnlyHint: true, openWorldHint: false },
      },
      threadArgs,
      ({ threadId: thread }, call) => status(agent, thread, call),
    ),
    toolOf(
      {
        name: 'spindle-threads',
        title: 'Spindle: list threads',
        description:
          'Lists threads of the Spindle agent in the folders of this server, newest first.',
        outputSchema: listSchema,
        annotations: { readOnlyHint: true, openWorldHint: false },
      },
      listArgs,
      (args, call) => threads(agent, args, call),
    ),
  ];
}

async function interrupt({ client }: Agent, thread: string): Promise<ServedResult> {
  const { threads: loaded } = await client.request('kernel/describe', {});
  const turn = loaded.find(({ id }) => id === thread)?.status.turn;
  if (turn !== undefined) await client.request('turn/interrupt', { thread, turn });
  const interrupted = turn !== undefined;
  const what = interrupted
    ? `thread ${thread} was interrupted`
    : `no turn runs in thread ${thread}`;
  return said(what, { threadId: thread, interrupted });
}

async function status(agent: Agent, thread: string, call: CallContext): Promise<ServedResult> {
  const loaded = await agent.client.request('kernel/describe', {});
  const info = loaded.threads.find(({ id }) => id === thread);
  const { settings, items } = await agent.look(thread, call);
  const { state = 'stored', turn, queued = 0, questions = [], processes = [] } = info?.status ?? {};
  const data = {
    threadId: thread,
    ...(info?.name === undefined ? {} : { name: info.name }),
    state,
    ...(turn === undefined ? {} : { turnId: turn }),
    queued,
    questions: questions.length,
    processes,
    settings: settingsShown(settings),
    items,
  };
  return said(JSON.stringify(data, null, 2), data);
}

async function threads(
  agent: Agent,
  { limit = 20, ...query }: z.infer<typeof listArgs>,
  call: CallContext,
): Promise<ServedResult> {
  const { threads: found, next } = await agent.list({ limit, ...query }, call);
  const listed = found.map(({ id, name, cwd, preview, updatedMs }) => ({
    threadId: id,
    ...(name === undefined ? {} : { name }),
    cwd,
    preview,
    updatedAt: new Date(updatedMs).toISOString(),
  }));
  const lines = listed.map(
    (one) => `${one.threadId}  ${one.updatedAt}  ${one.cwd}  ${one.preview}`,
  );
  const data = { threads: listed, ...(next === undefined ? {} : { nextCursor: next }) };
  return said(lines.join('\n') || 'There are no threads.', data);
}
