import { tools } from 'spindle';

/** Takes the place of the built-in plan: one list of open points, each call gives all of them. */
export default function checklist() {
  return {
    name: 'plan',
    api: 1,
    setup(host) {
      host.add(tools, {
        name: 'checklist',
        description: 'Keeps the list of what is still to do.',
        inputSchema: {
          type: 'object',
          properties: { open: { type: 'array', items: { type: 'string' } } },
          required: ['open'],
          additionalProperties: false,
        },
        run: ({ open }) => ({
          content: [{ type: 'text', text: `${open.length} to do` }],
          detail: { plan: open.map((step) => ({ step, status: 'pending' })) },
        }),
      });
    },
  };
}
