/** How a tool's description differs from the one that was accepted, line by line. */

import type { Definition } from './remembered.ts';
import type { McpServer } from './server.ts';
import { clean } from './text.ts';

/** A tool that was changed: what was taken out and put in, as lines that begin with `-`, `+` or a space. */
export interface Difference {
  readonly tool: string;
  readonly lines: readonly string[];
}

/** What has changed of a server's tools and is not accepted. */
export async function differencesOf({ remembered }: McpServer): Promise<readonly Difference[]> {
  const changes = remembered.tools.map(async ({ definition, changed }) => {
    if (changed === undefined) return [];
    const lines = await compareLines(textOf(definition), textOf(changed));
    return [{ tool: clean(definition.name, 200), lines }];
  });
  return (await Promise.all(changes)).flat();
}

/** What cannot be seen is written out, for it may be what has changed. */
function textOf({ name, description = '', inputSchema, outputSchema }: Definition): string {
  const text = JSON.stringify(
    { name, description: description.split('\n'), inputSchema, outputSchema },
    null,
    2,
  );
  return text.replaceAll(/[\p{Cf}\p{Co}\p{Cn}\u{FE00}-\u{FE0F}\u{E0100}-\u{E01EF}]/gu, escaped);
}

const escaped = (character: string) => `\\u{${character.codePointAt(0)?.toString(16)}}`;

/** Each line of both, with what became of it. */
async function compareLines(before: string, after: string): Promise<readonly string[]> {
  const { diffLines } = await import('diff');
  return diffLines(before, after).flatMap(({ added, removed, value }) => {
    const mark = added ? '+' : removed ? '-' : ' ';
    return value
      .replace(/\n$/u, '')
      .split('\n')
      .map((line) => `${mark}${line}`);
  });
}
