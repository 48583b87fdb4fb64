/** The agent under the names and shapes of Codex's MCP server, for hosts that were set up for that. */

import { z } from 'zod';

import { KernelError } from '../../../core/index.ts';
import type { Settings } from '../../../core/index.ts';
import { codexSettings } from '../exec/codex-config.ts';
import type { Agent, Wanted } from './agent.ts';
import { toolOf } from './agent-tools.ts';
import { reportText, type Report } from './report.ts';
import type { ServedResult, ServedTool } from './tool.ts';

/** As that server reads them: an argument that it does not know is passed over. */
const startArgs = z.object({
  prompt: z.string().min(1).describe('The initial prompt.'),
  cwd: z.string().optional().describe('The folder to work in.'),
  model: z.string().optional(),
  profile: z.string().optional().describe('Not supported.'),
  sandbox: z.enum(['read-only', 'workspace-write', 'danger-full-access']).optional(),
  'approval-policy': z.enum(['untrusted', 'on-failure', 'on-request', 'never']).optional(),
  config: z.record(z.string(), z.unknown()).optional().describe('Settings by their keys.'),
  'base-instructions': z.string().optional(),
  'developer-instructions': z.string().optional(),
  'compact-prompt': z.string().optional().describe('No effect.'),
  'include-plan-tool': z.boolean().optional().describe('No effect.'),
});
const replyArgs = z.object({
  threadId: z.string().optional(),
  conversationId: z.string().optional().describe('The older name of threadId.'),
  prompt: z.string().min(1).describe('What to say next.'),
});

const outputSchema = {
  type: 'object',
  properties: { threadId: { type: 'string' }, content: { type: 'string' } },
  required: ['threadId', 'content'],
};

/** `codex` and `codex-reply`. */
export function codexTools(agent: Agent): readonly ServedTool[] {
  return [
    toolOf(
      {
        name: 'codex',
        title: 'Codex',
        description: 'Runs a coding task with the Spindle agent, in the shape of the codex tool.',
        outputSchema,
      },
      startArgs,
      async (args, call) => {
        const input = [{ type: 'text', text: args.prompt } as const];
        return shaped(await agent.start(wishesOf(args), { input }, call));
      },
    ),
    toolOf(
      {
        name: 'codex-reply',
        title: 'Codex reply',
        description: 'Goes on with a thread that the codex tool has started.',
        outputSchema,
      },
      replyArgs,
      async ({ prompt, threadId, conversationId }, call) => {
        const thread = threadId ?? conversationId;
        if (thread === undefined)
          throw new KernelError(
            'invalid',
            'codex-reply: expected threadId, from a result of codex',
          );
        return shaped(await agent.reply(thread, { input: [{ type: 'text', text: prompt }] }, call));
      },
    ),
  ];
}

function wishesOf(args: z.infer<typeof startArgs>): Wanted {
  const { cwd, model, sandbox, profile } = args;
  if (profile !== undefined)
    throw new KernelError('invalid', 'codex: there are no profiles here; leave profile out');
  const { settings: told } = codexSettings(
    Object.entries(args.config ?? {}).map(([key, value]) => `${key}=${JSON.stringify(value)}`),
  );
  const policy = args['approval-policy'];
  const approval = policy === 'on-failure' ? 'on-request' : policy;
  const instructions = [args['base-instructions'], args['developer-instructions']]
    .filter((one) => one !== undefined)
    .join('\n\n');
  return {
    cwd,
    model: model ?? told.model,
    effort: told.effort,
    sandbox: sandbox ?? sandboxIn(told),
    approval: approval ?? told.approval,
    instructions: instructions === '' ? undefined : instructions,
  };
}

/** A network that the configuration has not switched on is refused like any other widening. */
function sandboxIn({ sandbox, network }: Partial<Settings>): Settings['sandbox'] | undefined {
  if (network === true)
    throw new KernelError(
      'denied',
      'codex: network access is wider than what this server was started with: start it with --network',
    );
  return sandbox;
}

function shaped(report: Report): ServedResult {
  const { threadId, answer, status } = report;
  return {
    content: [{ type: 'text', text: status === 'completed' ? answer : reportText(report) }],
    structuredContent: { threadId, content: answer },
    isError: status !== 'completed',
  };
}
