/** Servers and their tools for people. */

import { line, type Style } from '../terminal/style.ts';
import { table } from '../terminal/table.ts';
import { duration } from '../terminal/words.ts';
import type { Difference, ServerStatus, Simplified, ToolStatus } from './status.ts';

/** A line for each server, and under it what is wrong. */
export function shownServers(
  servers: Readonly<Record<string, ServerStatus>>,
  style: Style,
): string {
  const all = Object.entries(servers);
  if (all.length === 0)
    return 'no MCP server is configured: add one under "mcpServers" (docs/mcp.md)\n';
  const rows = all.map(([name, one]) => [
    name,
    one.state,
    one.startMs === undefined ? '' : duration(one.startMs),
    `${one.tools}`,
    [one.protocol ?? '', one.title ?? ''].filter(Boolean).join(' '),
    heldBy(one),
  ]);
  const [head = '', ...lines] = table(
    [['SERVER', 'STATE', 'START', 'TOOLS', 'SPEAKS', 'RUNS'], ...rows],
    [2, 3],
  ).split('\n');
  const faults = all.flatMap(([name, { why, changed }]) => [
    ...(why === undefined ? [] : [`${name}: ${why}`]),
    ...(changed === 0
      ? []
      : [
          `${name}: ${changed === 1 ? '1 tool has' : `${changed} tools have`} changed, see "spindle mcp diff ${name}"`,
        ]),
  ]);
  return [
    `${style.dim(head)}\n`,
    ...lines.filter(Boolean).map((one) => `${line(one, 300)}\n`),
    ...faults.map((one) => style.yellow(`! ${line(one, 1000)}\n`)),
  ].join('');
}

function heldBy({ type, confined, auth = 'none' }: ServerStatus): string {
  if (type !== 'stdio') return auth === 'none' ? 'elsewhere' : `elsewhere (${auth})`;
  if (confined === undefined) return '';
  return confined === 'none' ? 'unconfined' : `confined (${confined})`;
}

/** A line for each tool. */
export function shownTools(tools: readonly ToolStatus[], style: Style): string {
  const rows = tools.map(({ name, tool, state, description }) => [
    name ?? tool,
    state,
    line(description, 80),
  ]);
  const [head = '', ...lines] = table([['TOOL', 'STATE', 'DESCRIPTION'], ...rows]).split('\n');
  return [style.dim(head), ...lines].join('\n');
}

/** What providers would refuse of schemas, and so is left out of them. */
export function shownSimplified(all: readonly Simplified[], style: Style): string {
  const lines = all.map(
    ({ name, without }) => `! the schema of ${name} is made simpler: without ${without.join(', ')}`,
  );
  return lines.map((one) => style.yellow(`${line(one, 400)}\n`)).join('');
}

/** What has changed, tool by tool. */
export function shownDifferences(
  server: string,
  differences: readonly Difference[],
  style: Style,
): string {
  if (differences.length === 0) return `the tools of ${server} are as they were accepted\n`;
  const texts = differences.map(({ tool, lines }) =>
    [`${tool}:`, ...lines.map((one) => `  ${coloured(line(one, 2000), style)}`)].join('\n'),
  );
  return `${texts.join('\n')}\nTo accept this: spindle mcp accept ${server}\n`;
}

function coloured(text: string, style: Style): string {
  if (text.startsWith('+')) return style.green(text);
  return text.startsWith('-') ? style.red(text) : text;
}
