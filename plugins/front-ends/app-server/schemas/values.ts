/** Values that many messages hold. What a client sends may lack or null any optional member, and may hold more. */

import { z } from 'zod';

/** Optional in what clients send. */
export const maybe = <T extends z.ZodType>(type: T) => type.nullish();
/** Always there in what we send, null when there is none. */
export const orNull = <T extends z.ZodType>(type: T) => type.nullable();

export const text = z.string();
export const json = z.json().meta({ id: 'Json' });
export const seconds = z.int().describe('Seconds since 1970.');
export const milliseconds = z.int().describe('Milliseconds since 1970.');
export const path = z.string().min(1);
export const empty = z.object({});

/** When a person is asked. `on-failure` is an old name of `on-request`. */
export const approvalGiven = z.union([
  z.enum(['untrusted', 'on-request', 'on-failure', 'never']),
  z.object({ granular: z.record(text, z.boolean()) }),
]);
/** The same, as we say it. */
export const approvalPolicy = z.enum(['untrusted', 'on-request', 'never']);

/** What commands may do, with the spellings of older clients. */
export const sandboxGiven = z.enum([
  'read-only',
  'workspace-write',
  'danger-full-access',
  'readOnly',
  'workspaceWrite',
  'dangerFullAccess',
]);

/** The sandbox as a client gives it with a turn. */
export const sandboxPolicyGiven = z.discriminatedUnion('type', [
  z.object({ type: z.literal('dangerFullAccess') }),
  z.object({ type: z.literal('readOnly'), networkAccess: maybe(z.boolean()) }),
  z.object({
    type: z.literal('externalSandbox'),
    networkAccess: maybe(z.enum(['restricted', 'enabled'])),
  }),
  z.object({
    type: z.literal('workspaceWrite'),
    writableRoots: maybe(z.array(path)),
    networkAccess: maybe(z.boolean()),
    excludeTmpdirEnvVar: maybe(z.boolean()),
    excludeSlashTmp: maybe(z.boolean()),
  }),
]);

/** The sandbox as we say it. */
export const sandboxPolicy = z.discriminatedUnion('type', [
  z.object({ type: z.literal('dangerFullAccess') }),
  z.object({ type: z.literal('readOnly'), networkAccess: z.boolean() }),
  z.object({
    type: z.literal('workspaceWrite'),
    writableRoots: z.array(path),
    networkAccess: z.boolean(),
    excludeTmpdirEnvVar: z.boolean(),
    excludeSlashTmp: z.boolean(),
  }),
]);

/** What a user says. */
export const userInputGiven = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text, text_elements: maybe(z.array(json)) }),
  z.object({
    type: z.literal('image'),
    url: maybe(text),
    fileId: maybe(text),
    detail: maybe(text),
  }),
  z.object({ type: z.literal('localImage'), path, detail: maybe(text) }),
  z.object({ type: z.literal('audio'), url: maybe(text), fileId: maybe(text) }),
  z.object({ type: z.literal('localAudio'), path }),
  z.object({ type: z.literal('skill'), name: text, path: text }),
  z.object({ type: z.literal('mention'), name: text, path: text }),
]);
export const inputGiven = z.array(userInputGiven).min(1);

/** The same, as we tell it. */
export const userInput = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text, text_elements: z.array(json) }),
  z.object({ type: z.literal('image'), url: text }),
  z.object({ type: z.literal('audio'), url: text }),
  z.object({ type: z.literal('mention'), name: text, path: text }),
]);

/** A page of a list: `cursor` is the `nextCursor` of an earlier answer. */
export const page = {
  cursor: maybe(text),
  limit: maybe(z.int().min(0)),
};
export const sortDirection = z.enum(['asc', 'desc']);
/** A list's answer. */
export const listOf = <T extends z.ZodType>(type: T) =>
  z.object({ data: z.array(type), nextCursor: orNull(text) });
