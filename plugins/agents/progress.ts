/** What a parent sees of a sub-agent while it works: a line for each thing it does. */

import type { Item } from '../../core/index.ts';

const width = 120;

/** A line, or nothing for what is not worth one. */
export function progressLine(item: Item): string | undefined {
  if (item.type === 'call') return short(`${item.name} ${argumentsOf(item.args)}`);
  if (item.type === 'assistant' && item.phase === 'commentary') return short(item.text);
  if (item.type === 'notice' && item.level !== 'info') return short(`! ${item.message}`);
  if (item.type === 'decision' && item.verdict === 'deny') return short(`denied: ${item.reason}`);
  if (item.type === 'result' && item.isError) return short(`${item.name} failed`);
  return undefined;
}

/** The first words of what a call is given. */
function argumentsOf(args: string): string {
  try {
    const value: unknown = JSON.parse(args);
    const values = typeof value === 'object' && value !== null ? Object.values(value) : [];
    return values.filter((one) => typeof one === 'string').join(' ');
  } catch {
    return args;
  }
}

function short(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ').trim();
  return flat.length <= width ? flat : `${flat.slice(0, width - 1).toWellFormed()}…`;
}
