/** Threads and turns. */

import { z } from 'zod';
import { threadItem } from './item.ts';
import { approvalPolicy, orNull, path, sandboxPolicy, seconds, text } from './values.ts';

const http = z.object({ httpStatusCode: orNull(z.int()) });

export const turnError = z.object({
  message: text,
  codexErrorInfo: orNull(
    z.union([
      z.enum([
        'contextWindowExceeded',
        'sessionBudgetExceeded',
        'usageLimitExceeded',
        'rateLimitExceeded',
        'serverOverloaded',
        'modelNotFound',
        'unauthorized',
        'badRequest',
        'internalServerError',
        'sandboxError',
        'other',
      ]),
      z.object({ httpConnectionFailed: http }),
      z.object({ responseStreamDisconnected: http }),
      z.object({ responseTooManyFailedAttempts: http }),
    ]),
  ),
  additionalDetails: orNull(text),
  misalignment: z.null(),
});

export const itemsView = z.enum(['notLoaded', 'summary', 'full']);

export const turn = z
  .object({
    id: text,
    rootTurnId: orNull(text),
    items: z.array(threadItem),
    itemsView,
    status: z.enum(['inProgress', 'completed', 'interrupted', 'failed']),
    error: orNull(turnError),
    startedAt: orNull(seconds),
    completedAt: orNull(seconds),
    durationMs: orNull(z.int()),
  })
  .meta({ id: 'Turn' });
export type WireTurn = z.infer<typeof turn>;

export const threadStatus = z.discriminatedUnion('type', [
  z.object({ type: z.literal('notLoaded') }),
  z.object({ type: z.literal('idle') }),
  z.object({ type: z.literal('systemError') }),
  z.object({
    type: z.literal('active'),
    activeFlags: z.array(z.enum(['waitingOnApproval', 'waitingOnUserInput'])),
  }),
]);
export type WireStatus = z.infer<typeof threadStatus>;

const gitInfo = z.object({ sha: orNull(text), branch: orNull(text), originUrl: orNull(text) });

export const thread = z
  .object({
    id: text,
    sessionId: text,
    forkedFromId: orNull(text),
    parentThreadId: orNull(text),
    attachedToThreadId: z.null(),
    preview: text,
    name: orNull(text),
    ephemeral: z.boolean(),
    historyMode: z.enum(['legacy', 'paginated']),
    modelProvider: text,
    model: orNull(text),
    reasoningEffort: orNull(text),
    createdAt: seconds,
    updatedAt: seconds,
    recencyAt: orNull(seconds),
    status: threadStatus,
    path: orNull(path),
    cwd: path,
    cliVersion: text,
    originator: orNull(text),
    source: z.enum(['appServer', 'unknown']),
    threadSource: orNull(text),
    canAcceptDirectInput: orNull(z.boolean()),
    agentNickname: z.null(),
    agentRole: z.null(),
    gitInfo: orNull(gitInfo),
    environments: z.null(),
    extra: z.null(),
    section: z.null(),
    sectionEnteredAt: z.null(),
    projectId: z.null(),
    daybreakEnabled: z.null(),
    turns: z.array(turn),
  })
  .meta({ id: 'Thread' });
export type WireThread = z.infer<typeof thread>;

/** What is in force in a thread, with the thread itself: the answer to start, resume and fork. */
const inForce = {
  thread,
  model: text,
  modelProvider: text,
  serviceTier: z.null(),
  disabledPluginIds: z.array(text),
  cwd: path,
  runtimeWorkspaceRoots: z.array(path),
  instructionSources: z.array(text),
  approvalPolicy,
  approvalsReviewer: z.literal('user'),
  sandbox: sandboxPolicy,
  activePermissionProfile: orNull(z.object({ id: text, extends: z.null() })),
  reasoningEffort: orNull(text),
  multiAgentMode: z.literal('explicitRequestOnly'),
};
export const threadInForce = z.object(inForce);
export type ThreadInForce = z.infer<typeof threadInForce>;

export const turnPage = z.object({
  data: z.array(turn),
  nextCursor: orNull(text),
  backwardsCursor: orNull(text),
});

export const resumed = z.object({
  ...inForce,
  collaborationMode: z.null(),
  initialTurnsPage: orNull(turnPage),
  turnsBackwardsCursor: orNull(text),
  itemsBackwardsCursor: orNull(text),
});

/** What `thread/settings/updated` tells. */
export const threadSettings = z.object({
  disabledPluginIds: z.array(text),
  cwd: path,
  environments: z.null(),
  approvalPolicy,
  approvalsReviewer: z.literal('user'),
  sandboxPolicy,
  activePermissionProfile: orNull(z.object({ id: text, extends: z.null() })),
  model: text,
  modelProvider: text,
  serviceTier: z.null(),
  effort: orNull(text),
  summary: z.null(),
  collaborationMode: z.object({
    mode: z.literal('default'),
    settings: z.object({
      model: text,
      reasoning_effort: orNull(text),
      developer_instructions: orNull(text),
    }),
  }),
  multiAgentMode: z.literal('explicitRequestOnly'),
  personality: z.null(),
});

const tokens = z.object({
  totalTokens: z.int(),
  inputTokens: z.int(),
  cachedInputTokens: z.int(),
  cacheWriteInputTokens: z.int(),
  outputTokens: z.int(),
  reasoningOutputTokens: z.int(),
});
export const tokenUsage = z.object({
  total: tokens,
  last: tokens,
  modelContextWindow: orNull(z.int()),
});
export type WireUsage = z.infer<typeof tokenUsage>;
