/** The schema of rules. It needs zod, so only what checks a configuration imports it. */

import { z } from 'zod';

import type { Rule } from './rule.ts';

const text = z.string().min(1);

/** One rule. */
export const ruleSchema: z.ZodType<Rule> = z
  .strictObject({
    action: z.enum(['allow', 'ask', 'deny']),
    command: z
      .union([z.string().regex(/\S/), z.array(text).min(1)])
      .optional()
      .describe('The first words of a command, such as "git push".'),
    path: text.optional().describe('A file or folder, with *, ? and **.'),
    tool: text.optional().describe('A tool by name, with *.'),
    server: text.optional().describe('An MCP server by name, with *.'),
    domain: text.optional().describe('The host of a request, with *.'),
    kind: z.enum(['spawn', 'input', 'read', 'write', 'fetch', 'call']).optional(),
    confined: z.boolean().optional().describe('Only in the sandbox, or only outside.'),
    reason: z.string().optional().describe('Told to whoever is asked or refused.'),
  })
  .refine(
    ({ action: _action, reason: _reason, ...about }) => Object.keys(about).length > 0,
    'expected at least one of command, path, tool, server, domain, kind, confined: what the rule is about',
  );
