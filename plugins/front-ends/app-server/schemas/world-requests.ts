/** Requests that act on the user's machine: files, commands, search. */

import { z } from 'zod';
import { foundFiles } from './notifications.ts';
import { empty, maybe, milliseconds, path, sandboxPolicyGiven, text } from './values.ts';

const size = z.object({ rows: z.int().min(1).max(65_535), cols: z.int().min(1).max(65_535) });
const base64 = z.base64();

/** Members of `command/exec` that exclude one another, and those that need another. */
const clashes = [
  ['disableTimeout', 'timeoutMs'],
  ['disableOutputCap', 'outputBytesCap'],
  ['permissionProfile', 'sandboxPolicy'],
] as const;
const needs = [
  ['processId', 'tty'],
  ['processId', 'streamStdin'],
  ['processId', 'streamStdoutStderr'],
  ['tty', 'size'],
] as const;

function refuseClashes(given: Readonly<Record<string, unknown>>, fault: z.RefinementCtx): void {
  const isGiven = (name: string) => given[name] != null && given[name] !== false;
  const tell = (name: string, message: string) =>
    fault.addIssue({ code: 'custom', path: [name], message });
  for (const [one, other] of clashes)
    if (isGiven(one) && isGiven(other)) tell(one, `cannot be combined with "${other}"`);
  for (const [needed, by] of needs)
    if (isGiven(by) && !isGiven(needed)) tell(needed, `expected one with "${by}"`);
}

/** By method. */
export const worldRequests = {
  'fs/readFile': { params: z.object({ path }), result: z.object({ dataBase64: text }) },
  'fs/writeFile': { params: z.object({ path, dataBase64: base64 }), result: empty },
  'fs/createDirectory': {
    params: z.object({ path, recursive: maybe(z.boolean()) }),
    result: empty,
  },
  'fs/getMetadata': {
    params: z.object({ path }),
    result: z.object({
      isDirectory: z.boolean(),
      isFile: z.boolean(),
      isSymlink: z.boolean(),
      createdAtMs: milliseconds.describe('0: not known.'),
      modifiedAtMs: milliseconds,
    }),
  },
  'fs/readDirectory': {
    params: z.object({ path }),
    result: z.object({
      entries: z.array(z.object({ fileName: text, isDirectory: z.boolean(), isFile: z.boolean() })),
    }),
  },
  'fs/remove': {
    params: z.object({ path, recursive: maybe(z.boolean()), force: maybe(z.boolean()) }),
    result: empty,
  },
  'fs/copy': {
    params: z.object({
      sourcePath: path,
      destinationPath: path,
      recursive: maybe(z.boolean()),
    }),
    result: empty,
  },
  'fs/watch': {
    params: z.object({ path, watchId: text.min(1) }),
    result: z.object({ path }),
  },
  'fs/unwatch': { params: z.object({ watchId: text.min(1) }), result: empty },
  'command/exec': {
    params: z
      .object({
        command: z.array(text).min(1),
        processId: maybe(text.min(1)),
        tty: maybe(z.boolean()),
        streamStdin: maybe(z.boolean()),
        streamStdoutStderr: maybe(z.boolean()),
        outputBytesCap: maybe(z.int().min(0)),
        disableOutputCap: maybe(z.boolean()),
        disableTimeout: maybe(z.boolean()),
        timeoutMs: maybe(z.int().min(0)),
        cwd: maybe(path),
        env: maybe(z.record(text, z.string().nullable())),
        size: maybe(size),
        sandboxPolicy: maybe(sandboxPolicyGiven),
        permissionProfile: maybe(text),
      })
      .superRefine(refuseClashes),
    result: z.object({ exitCode: z.int(), stdout: text, stderr: text }),
  },
  'command/exec/write': {
    params: z.object({
      processId: text.min(1),
      deltaBase64: maybe(base64),
      closeStdin: maybe(z.boolean()),
    }),
    result: empty,
  },
  'command/exec/resize': { params: z.object({ processId: text.min(1), size }), result: empty },
  'command/exec/terminate': { params: z.object({ processId: text.min(1) }), result: empty },
  fuzzyFileSearch: {
    params: z.object({
      query: text,
      roots: z.array(path),
      cancellationToken: maybe(text),
    }),
    result: z.object({ files: foundFiles }),
  },
  'fuzzyFileSearch/sessionStart': {
    params: z.object({ sessionId: text.min(1), roots: z.array(path).min(1) }),
    result: empty,
  },
  'fuzzyFileSearch/sessionUpdate': {
    params: z.object({ sessionId: text.min(1), query: text }),
    result: empty,
  },
  'fuzzyFileSearch/sessionStop': {
    params: z.object({ sessionId: text.min(1) }),
    result: empty,
  },
} as const satisfies Readonly<Record<string, { params: z.ZodType; result: z.ZodType }>>;
