// What everyone at Acme gets: house rules, a tool of the company, a policy, and no ticket numbers in the records.
import { policies, prompts, redactors, tools } from 'spindle';
import { z } from 'zod';

export const options = z.strictObject({ team: z.string().describe('whose rules hold') });

export default ({ team }) => ({
  name: 'acme',
  api: 1,
  setup: (host) => {
    const rules = `You work for Acme's ${team} team. Never push to main. Ask \`owner\` whose code it is.`;
    host.add(prompts, {
      name: 'acme-rules',
      stability: 'fixed',
      read: () => [{ text: rules, role: 'system', source: 'acme', pinned: true }],
    });

    host.add(tools, {
      name: 'owner',
      description: 'Tells which team owns a path, from the CODEOWNERS file.',
      inputSchema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
      annotations: { readOnlyHint: true },
      run: async ({ path }, { effects }) => {
        const lines = new TextDecoder().decode(await effects.read('CODEOWNERS')).split('\n');
        const [, owner = 'nobody'] =
          lines.find((line) => path.startsWith(line.split(' ')[0]))?.split(' ') ?? [];
        return { content: [{ type: 'text', text: `${path} belongs to ${owner}` }] };
      },
    });

    host.add(policies, {
      name: 'acme-main',
      judge: ({ kind, argv = [] }) =>
        kind === 'spawn' && /\bgit\b.*\bpush\b.*\bmain\b/.test(argv.join(' '))
          ? { verdict: 'deny', reason: 'nobody pushes to main', rule: 'git push … main' }
          : undefined,
    });

    host.add(redactors, (text) => text.replaceAll(/\bACME-\d+\b/g, '[ticket]'));
  },
});
