/** What the server asks its clients, by method: parameters and answers. */

import { z } from 'zod';
import { toolContent } from './item.ts';
import { json, maybe, milliseconds, orNull, text } from './values.ts';

const where = { threadId: text, turnId: text, itemId: text };
const amendment = z.object({
  acceptWithExecpolicyAmendment: z.object({ execpolicy_amendment: z.array(text) }),
});
const plainDecision = z.enum(['accept', 'acceptForSession', 'decline', 'cancel']);
const commandDecision = z.union([plainDecision, amendment]);

const permissions = z.object({
  network: orNull(z.object({ enabled: orNull(z.boolean()) })),
  fileSystem: orNull(z.object({ read: orNull(z.array(text)), write: orNull(z.array(text)) })),
});
const granted = z.looseObject({
  network: maybe(z.looseObject({ enabled: maybe(z.boolean()) })),
  fileSystem: maybe(z.looseObject({ read: maybe(z.array(text)), write: maybe(z.array(text)) })),
});

const elicited = { threadId: text, turnId: orNull(text), serverName: text, _meta: orNull(json) };

/** The questions. The members of `answer` beyond what is named here do not count. */
export const questions = {
  'item/commandExecution/requestApproval': {
    params: z.object({
      ...where,
      kind: z.enum(['command', 'humanCommand', 'writeStdin']),
      startedAtMs: milliseconds,
      approvalId: orNull(text),
      environmentId: z.null(),
      reason: orNull(text),
      command: orNull(text),
      cwd: orNull(text),
      commandActions: orNull(z.array(json)),
      proposedExecpolicyAmendment: orNull(z.array(text)),
      availableDecisions: z.array(commandDecision),
    }),
    answer: z.looseObject({
      decision: z.union([commandDecision, z.looseObject({ applyNetworkPolicyAmendment: json })]),
      remark: maybe(text),
    }),
  },
  'item/fileChange/requestApproval': {
    params: z.object({
      ...where,
      startedAtMs: milliseconds,
      reason: orNull(text),
      grantRoot: z.null(),
    }),
    answer: z.looseObject({ decision: plainDecision, remark: maybe(text) }),
  },
  'item/permissions/requestApproval': {
    params: z.object({
      ...where,
      environmentId: z.null(),
      startedAtMs: milliseconds,
      cwd: text,
      reason: orNull(text),
      permissions,
    }),
    answer: z.looseObject({ permissions: granted, scope: maybe(z.enum(['turn', 'session'])) }),
  },
  'item/tool/requestUserInput': {
    params: z.object({
      ...where,
      isBlocking: z.boolean(),
      autoResolutionMs: z.null(),
      questions: z.array(
        z.object({
          id: text,
          header: text,
          question: text,
          isOther: z.boolean(),
          isSecret: z.boolean(),
          options: orNull(z.array(z.object({ label: text, description: text }))),
        }),
      ),
    }),
    answer: z.looseObject({
      answers: z.record(text, z.looseObject({ answers: z.array(text) })),
    }),
  },
  'mcpServer/elicitation/request': {
    params: z.discriminatedUnion('mode', [
      z.object({ ...elicited, mode: z.literal('form'), message: text, requestedSchema: json }),
      z.object({
        ...elicited,
        mode: z.literal('url'),
        message: text,
        url: text,
        elicitationId: text,
      }),
    ]),
    answer: z.looseObject({
      action: z.enum(['accept', 'decline', 'cancel']),
      content: maybe(json),
      _meta: maybe(json),
    }),
  },
  'item/tool/call': {
    params: z.object({
      threadId: text,
      turnId: text,
      callId: text,
      namespace: orNull(text),
      tool: text,
      arguments: json,
    }),
    answer: z.looseObject({ contentItems: z.array(toolContent), success: z.boolean() }),
  },
} as const satisfies Readonly<Record<string, { params: z.ZodType; answer: z.ZodType }>>;

export type QuestionName = keyof typeof questions;
export type QuestionParams<M extends QuestionName> = z.infer<(typeof questions)[M]['params']>;
export type QuestionAnswer<M extends QuestionName> = z.infer<(typeof questions)[M]['answer']>;
