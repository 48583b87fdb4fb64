/** The tool `task`. What runs it is loaded when it is first called. */

import type { Tool } from '../../core/index.ts';
import type { Crew, TaskArgs } from './crew.ts';

/** The tool. Its own run touches nothing: what a sub-agent does is judged where it does it, so calls run side by side. */
export function taskTool(crew: Crew): Tool {
  const tool: Tool = {
    name: 'task',
    description:
      'Has a sub-agent do a task in a window of its own; you get its answer only. Tasks called in one answer run side by side.',
    inputSchema: {
      type: 'object',
      properties: {
        prompt: {
          type: 'string',
          description: 'All it needs to know: it sees nothing of this thread',
        },
        agent: { type: 'string', description: 'One of the agents, if there are any' },
        model: { type: 'string' },
        tools: { type: 'array', items: { type: 'string' }, description: 'Only these' },
      },
      required: ['prompt'],
      additionalProperties: false,
    },
    annotations: { readOnlyHint: true },
    run: async (args, context) => {
      const { runTask } = await import('./task.ts');
      // Checked against inputSchema before.
      return runTask(args as unknown as TaskArgs, context, { crew, tool });
    },
  };
  return tool;
}
