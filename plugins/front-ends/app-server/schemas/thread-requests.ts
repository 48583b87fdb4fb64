/** Requests on threads: parameters and results by method. */

import { z } from 'zod';
import { accepted } from './accepted.ts';
import { threadItem } from './item.ts';
import { itemsView, resumed, thread, threadInForce, turn, turnPage } from './thread.ts';
import {
  approvalGiven,
  empty,
  inputGiven,
  json,
  listOf,
  maybe,
  milliseconds,
  orNull,
  page,
  path,
  sandboxGiven,
  sandboxPolicyGiven,
  sortDirection,
  text,
  userInput,
} from './values.ts';

const ofThread = { threadId: text };

/** What a client may say of a thread's settings. */
const wanted = {
  model: maybe(text),
  modelProvider: maybe(text),
  cwd: maybe(path),
  runtimeWorkspaceRoots: maybe(z.array(path)),
  approvalPolicy: maybe(approvalGiven),
  sandbox: maybe(sandboxGiven),
  permissions: maybe(text).describe('The id of a permission profile.'),
  config: maybe(z.record(text, json)).describe('Overrides of the known agent’s configuration.'),
  baseInstructions: maybe(text),
  developerInstructions: maybe(text),
};

const clientTool = z.object({
  type: maybe(z.literal('function')),
  name: text.min(1),
  description: text,
  inputSchema: z.record(text, json),
});
/** Tools that the client runs. */
const dynamicTool = z.union([
  clientTool,
  z.object({
    type: z.literal('namespace'),
    name: text.min(1),
    description: text,
    tools: z.array(clientTool),
  }),
]);

const listParams = z.object({
  ...accepted['thread/list'],
  ...page,
  sortKey: maybe(z.enum(['created_at', 'updated_at', 'recency_at', 'section_position'])),
  sortDirection: maybe(sortDirection),
  modelProviders: maybe(z.array(text)),
  sourceKinds: maybe(z.array(text)),
  archived: maybe(z.boolean()),
  cwd: maybe(z.union([path, z.array(path)])),
  searchTerm: maybe(text),
  parentThreadId: maybe(text),
  excludedThreadIds: maybe(z.array(text)),
  sectionId: maybe(text),
});

const itemEntry = z.object({
  turnId: text,
  item: threadItem,
  startedAtMs: orNull(milliseconds),
  completedAtMs: orNull(milliseconds),
});

/** By method. */
export const threadRequests = {
  'thread/start': {
    params: z.object({
      ...accepted['thread/start'],
      ...wanted,
      ephemeral: maybe(z.boolean()),
      dynamicTools: maybe(z.array(dynamicTool)),
    }),
    result: threadInForce,
  },
  'thread/resume': {
    params: z.object({
      ...accepted['thread/resume'],
      ...ofThread,
      ...wanted,
      excludeTurns: maybe(z.boolean()),
      initialTurnsPage: maybe(
        z.object({
          limit: maybe(z.int().min(0)),
          sortDirection: maybe(sortDirection),
          itemsView: maybe(itemsView),
        }),
      ),
      after: maybe(z.int().min(-1)).describe(
        'Ours: everything after this ordinal is told again, nothing up to it.',
      ),
    }),
    result: resumed,
  },
  'thread/fork': {
    params: z.object({
      ...accepted['thread/fork'],
      ...ofThread,
      ...wanted,
      lastTurnId: maybe(text),
      beforeTurnId: maybe(text),
      ephemeral: maybe(z.boolean()),
      excludeTurns: maybe(z.boolean()),
    }),
    result: threadInForce,
  },
  'thread/read': {
    params: z.object({ ...ofThread, includeTurns: maybe(z.boolean()) }),
    result: z.object({ thread, readState: z.null() }),
  },
  'thread/list': {
    params: listParams,
    result: z.object({
      data: z.array(thread),
      readStates: z.null(),
      nextCursor: orNull(text),
      backwardsCursor: orNull(text),
    }),
  },
  'thread/loaded/list': { params: z.object(page), result: listOf(text) },
  'thread/turns/list': {
    params: z.object({
      ...ofThread,
      ...page,
      sortDirection: maybe(sortDirection),
      itemsView: maybe(itemsView),
    }),
    result: turnPage,
  },
  'thread/items/list': {
    params: z.object({
      ...accepted['thread/items/list'],
      ...ofThread,
      turnId: maybe(text),
      ...page,
      sortDirection: maybe(sortDirection),
    }),
    result: z.object({
      data: z.array(itemEntry),
      nextCursor: orNull(text),
      backwardsCursor: orNull(text),
    }),
  },
  'thread/archive': { params: z.object(ofThread), result: empty },
  'thread/unarchive': { params: z.object(ofThread), result: z.object({ thread }) },
  'thread/delete': { params: z.object(ofThread), result: empty },
  'thread/unsubscribe': {
    params: z.object(ofThread),
    result: z.object({ status: z.enum(['notLoaded', 'notSubscribed', 'unsubscribed']) }),
  },
  'thread/name/set': { params: z.object({ ...ofThread, name: text }), result: empty },
  'thread/settings/update': {
    params: z.object({
      ...accepted['thread/settings/update'],
      ...ofThread,
      model: maybe(text),
      cwd: maybe(path),
      approvalPolicy: maybe(approvalGiven),
      sandboxPolicy: maybe(sandboxPolicyGiven),
      permissions: maybe(text),
      effort: maybe(text),
    }),
    result: empty,
  },
  'thread/revert': {
    params: z.object({ ...ofThread, beforeTurnId: text }),
    result: z.object({
      thread,
      turnsBackwardsCursor: orNull(text),
      itemsBackwardsCursor: orNull(text),
    }),
  },
  'thread/rollback': {
    params: z.object({ ...ofThread, numTurns: z.int().min(1) }),
    result: z.object({ thread }),
  },
  'thread/compact/start': { params: z.object(ofThread), result: empty },
  'thread/shellCommand': {
    params: z.object({
      ...ofThread,
      command: text.min(1),
      timeoutMs: maybe(z.int().positive()),
    }),
    result: empty,
  },
  'thread/queue/add': {
    params: z.object({
      ...accepted['thread/queue/add'],
      ...ofThread,
      clientUserMessageId: maybe(text),
      input: inputGiven,
    }),
    result: z.object({
      queuedSubmission: z.object({
        id: text.describe('Of the turn that it will be.'),
        input: z.array(userInput),
        clientUserMessageId: text,
        responsesapiClientMetadata: z.null(),
      }),
    }),
  },
  'turn/start': {
    params: z.object({
      ...accepted['turn/start'],
      ...ofThread,
      input: inputGiven,
      clientUserMessageId: maybe(text),
      cwd: maybe(path),
      runtimeWorkspaceRoots: maybe(z.array(path)),
      approvalPolicy: maybe(approvalGiven),
      sandboxPolicy: maybe(sandboxPolicyGiven),
      permissions: maybe(text),
      model: maybe(text),
      effort: maybe(text),
      outputSchema: maybe(json),
    }),
    result: z.object({ turn }),
  },
  'turn/steer': {
    params: z.object({
      ...accepted['turn/steer'],
      ...ofThread,
      input: inputGiven,
      expectedTurnId: text,
      clientUserMessageId: maybe(text),
    }),
    result: z.object({ turnId: text }),
  },
  'turn/interrupt': { params: z.object({ ...ofThread, turnId: text }), result: empty },
  'review/start': {
    params: z.object({
      ...ofThread,
      target: z.discriminatedUnion('type', [
        z.object({ type: z.literal('uncommittedChanges') }),
        z.object({ type: z.literal('baseBranch'), branch: text.min(1) }),
        z.object({ type: z.literal('commit'), sha: text.min(1), title: maybe(text) }),
        z.object({ type: z.literal('custom'), instructions: text.min(1) }),
      ]),
      delivery: maybe(z.enum(['inline', 'detached'])),
    }),
    result: z.object({ turn, reviewThreadId: text }),
  },
} as const satisfies Readonly<Record<string, { params: z.ZodType; result: z.ZodType }>>;
