import { tools } from '../../core/index.ts';
import type { Plugin, Tool } from '../../core/index.ts';

/**
 * `update_plan` keeps the plan of the work in the open. The whole plan is given each time: the plan in force is the
 * `detail` of the last result that has one, `{ plan: [{ step, status }], explanation? }`, with status `pending`,
 * `in_progress` or `completed`. The kernel, compaction and front ends rely on this shape.
 */
export default function updatePlan(): Plugin {
  return { name: 'plan', api: 1, setup: (host) => void host.add(tools, tool) };
}

const tool: Tool = {
  name: 'update_plan',
  description:
    'Shows your plan for work of several steps. Give all steps each time; keep one in_progress.',
  inputSchema: {
    type: 'object',
    properties: {
      plan: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            step: { type: 'string' },
            status: { type: 'string', enum: ['pending', 'in_progress', 'completed'] },
          },
          required: ['step', 'status'],
          additionalProperties: false,
        },
      },
      explanation: { type: 'string' },
    },
    required: ['plan'],
    additionalProperties: false,
  },
  run: ({ plan, explanation }) => ({
    content: [{ type: 'text', text: 'Plan updated' }],
    detail: { plan, ...(explanation == null ? {} : { explanation }) },
  }),
};
