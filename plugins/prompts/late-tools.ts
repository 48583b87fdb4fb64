/**
 * Tools that came, changed or went since the thread's tools were defined. Definitions stand first in every request and
 * stay as they are, so that the provider's prompt cache holds: what is different now is told at the end. What is told
 * can be called all the same.
 */

import {
  prompts,
  tools,
  type Host,
  type Plugin,
  type PromptContext,
  type Settings,
  type Tool,
  type ToolDefinition,
} from '../../core/index.ts';

export default function lateTools(): Plugin {
  return {
    name: 'late-tools',
    api: 1,
    setup: (host) => {
      host.add(prompts, { name: 'late-tools', stability: 'thread', read: readFor(host) });
    },
  };
}

type Definitions = ReadonlyMap<string, ToolDefinition>;

function readFor(host: Host) {
  return async ({ thread, settings, own, tools: defined }: PromptContext) => {
    const text = changesOf(namedBy(defined), offeredBy(host.get(tools), settings));
    const told = own.at(-1)?.text ?? '';
    const now = text === '' && told !== '' ? asDefined : text;
    if (now === told || (await isDueAnew(host, thread))) return [];
    return [{ text: now, role: 'developer', source: 'late-tools' } as const];
  };
}

const asDefined = 'The tools are those that were defined, and no others.';

/** Whether the window has moved: the tools of now are about to be defined. */
async function isDueAnew({ client }: Host, thread: string): Promise<boolean> {
  const { items } = await client.request('thread/read', { thread });
  return items.findLast(({ type }) => type === 'window' || type === 'tools')?.type === 'window';
}

/** What a turn with these settings is offered, a client's own tools over others. */
function offeredBy(
  all: ReadonlyMap<string, Tool>,
  { tools: subset, clientTools = [] }: Settings,
): Definitions {
  const some = [...all].filter(([name]) => subset?.includes(name) ?? true);
  return new Map([...some, ...clientTools.map((tool) => [tool.name, tool] as const)]);
}

const namedBy = (definitions: readonly ToolDefinition[]): Definitions =>
  new Map(definitions.map((one) => [one.name, one]));

/** Empty when nothing is different. */
function changesOf(defined: Definitions, offered: Definitions): string {
  const isFound = ({ description }: ToolDefinition) =>
    description.startsWith('[MCP ') && offered.has('tool_search');
  const others = [...offered].filter(([name, tool]) => !defined.has(name) && !isFound(tool));
  const changed = [...offered].filter(([name, tool]) => {
    const before = defined.get(name);
    return before !== undefined && bodyOf(before) !== bodyOf(tool);
  });
  const gone = [...defined.keys()].filter((name) => !offered.has(name));
  const lines = [
    ...listed('New, to be called like the others:', others),
    ...listed('Not as they were defined:', changed),
    ...(gone.length === 0 ? [] : [`No longer there: ${gone.join(', ')}`]),
  ];
  return lines.length === 0 ? '' : ['The tools have changed.', ...lines].join('\n');
}

function listed(
  title: string,
  some: readonly (readonly [string, ToolDefinition])[],
): readonly string[] {
  const lines = some.map(([name, tool]) => `- ${name}: ${bodyOf(tool)}`);
  return lines.length === 0 ? [] : [title, ...lines];
}

const bodyOf = ({ description, inputSchema }: ToolDefinition) =>
  `${description}\n  arguments: ${JSON.stringify(inputSchema)}`;
