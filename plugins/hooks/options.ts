/** What is configured: commands by moment, in the shape of Claude Code's `hooks`. */

/** The moments, by the names that Claude Code gives them. */
export const hookEvents = [
  'SessionStart',
  'SessionEnd',
  'UserPromptSubmit',
  'PreToolUse',
  'PostToolUse',
  'PostToolUseFailure',
  'PermissionRequest',
  'Notification',
  'PreCompact',
  'PostCompact',
  'Stop',
  'SubagentStop',
] as const;
export type HookEvent = (typeof hookEvents)[number];

/** One command. */
export interface Hook {
  readonly type: 'command';
  /** For `/bin/sh -c`, in the thread's folder. */
  readonly command: string;
  /** Seconds; default 60, for SessionEnd 1.5. */
  readonly timeout?: number;
  /** What counts when it fails, times out or answers nonsense: `notice` (default) goes on, `block` is a no. */
  readonly onFailure?: 'notice' | 'block';
}

/** Commands for what a matcher names; without one, or with `*`, for all. */
export interface HookGroup {
  readonly matcher?: string;
  readonly hooks: readonly Hook[];
}

export type HooksByEvent = Readonly<Partial<Record<HookEvent, readonly HookGroup[]>>>;

/** Options of the plugin `hooks`. */
export interface HooksOptions {
  readonly events?: HooksByEvent;
  /** The folder in which the store keeps threads as `ID.jsonl`: hooks are told their path. */
  readonly transcripts?: string;
}

/** The schema of HooksByEvent. */
export async function hooksSchema() {
  const { z } = await import('zod');
  const hook = z.strictObject({
    type: z.literal('command').describe('Only commands can be run.'),
    command: z.string().min(1).describe('For /bin/sh -c, in the folder of the thread.'),
    timeout: z.number().positive().max(86_400).optional().describe('Seconds. Default: 60.'),
    onFailure: z
      .enum(['notice', 'block'])
      .optional()
      .describe('When it fails, times out or answers nonsense. Default: notice.'),
  });
  const group = z.strictObject({
    matcher: z.string().optional().describe('Names, a|b, or a regular expression.'),
    hooks: z.array(hook),
  });
  const groups = z.array(group).optional();
  return z.strictObject(Object.fromEntries(hookEvents.map((event) => [event, groups])));
}
