/** What the server tells, by method. */

import { z } from 'zod';
import { threadItem } from './item.ts';
import { thread, threadSettings, threadStatus, tokenUsage, turn, turnError } from './thread.ts';
import { milliseconds, orNull, path, text } from './values.ts';

/** The ordinal of the thread's item that this tells of: `thread/resume` with it as `after` goes on from there. */
const ordinal = z.int().optional();
const inThread = { threadId: text, ordinal };
const inTurn = { threadId: text, turnId: text, ordinal };
const inItem = { threadId: text, turnId: text, itemId: text };
const stream = z.enum(['stdout', 'stderr']);

const found = z.object({
  root: text,
  path: text,
  match_type: z.enum(['file', 'directory']),
  file_name: text,
  score: z.int(),
  indices: orNull(z.array(z.int())),
});
/** Files that a fuzzy search found, best first. */
export const foundFiles = z.array(found);

/** The parameters of every notification. */
export const notifications = {
  error: z.object({ ...inTurn, error: turnError, willRetry: z.boolean() }),
  'thread/started': z.object({ thread }),
  'thread/status/changed': z.object({ ...inThread, status: threadStatus }),
  'thread/archived': z.object(inThread),
  'thread/unarchived': z.object(inThread),
  'thread/deleted': z.object(inThread),
  'thread/closed': z.object(inThread),
  'thread/reverted': z.object(inThread),
  'thread/name/updated': z.object({ ...inThread, threadName: orNull(text) }),
  'thread/settings/updated': z.object({ ...inThread, threadSettings }),
  'thread/tokenUsage/updated': z.object({ ...inTurn, tokenUsage }),
  'turn/started': z.object({ ...inThread, turn }),
  'turn/completed': z.object({ ...inThread, turn }),
  'turn/diff/updated': z.object({ ...inTurn, diff: text }),
  'turn/plan/updated': z.object({
    ...inTurn,
    explanation: orNull(text),
    plan: z.array(z.object({ step: text, status: z.enum(['pending', 'inProgress', 'completed']) })),
  }),
  'item/started': z.object({ ...inTurn, item: threadItem, startedAtMs: milliseconds }),
  'item/completed': z.object({
    ...inTurn,
    item: threadItem,
    completedAtMs: milliseconds,
    contentTokenCount: z.null(),
  }),
  'item/agentMessage/delta': z.object({ ...inItem, delta: text }),
  'item/reasoning/summaryPartAdded': z.object({ ...inItem, summaryIndex: z.int() }),
  'item/reasoning/summaryTextDelta': z.object({ ...inItem, summaryIndex: z.int(), delta: text }),
  'item/commandExecution/outputDelta': z.object({ ...inItem, delta: text }),
  'item/mcpToolCall/progress': z.object({ ...inItem, message: text }),
  'serverRequest/resolved': z.object({
    ...inThread,
    requestId: z.union([text, z.int()]),
  }),
  warning: z.object({ threadId: orNull(text), message: text }),
  configWarning: z.object({ summary: text, details: orNull(text), path: text.optional() }),
  'skills/changed': z.object({}),
  'mcpServer/startupStatus/updated': z.object({
    threadId: orNull(text),
    name: text,
    status: z.enum(['starting', 'ready', 'failed', 'cancelled']),
    error: orNull(text),
    failureReason: z.null(),
  }),
  'command/exec/outputDelta': z.object({
    processId: text,
    stream,
    deltaBase64: text,
    capReached: z.boolean(),
  }),
  'fs/changed': z.object({ watchId: text, changedPaths: z.array(path) }),
  'fuzzyFileSearch/sessionUpdated': z.object({ sessionId: text, query: text, files: foundFiles }),
  'fuzzyFileSearch/sessionCompleted': z.object({ sessionId: text }),
} as const satisfies Readonly<Record<string, z.ZodType>>;

export type NotificationName = keyof typeof notifications;
export type NotificationParams<M extends NotificationName> = z.infer<(typeof notifications)[M]>;
/** A notification with its parameters. */
export type Notification = {
  [M in NotificationName]: { readonly method: M; readonly params: NotificationParams<M> };
}[NotificationName];
