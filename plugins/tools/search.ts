import { KernelError, messageOf, tools } from '../../core/index.ts';
import type { Plugin, Tool, ToolContext, ToolResult } from '../../core/index.ts';
import { ripgrepArguments } from './ripgrep/arguments.ts';
import type { SearchArgs } from './ripgrep/arguments.ts';
import { runRipgrep } from './ripgrep/run.ts';
import type { Found } from './ripgrep/run.ts';

/** ripgrep's exit code when it found nothing. */
const nothingFound = 1;

/** Options of the search plugin. */
export interface SearchOptions {
  /** The ripgrep to use; default: the one that comes with Spindle, else `rg` on PATH. */
  readonly program?: string;
}

/**
 * `search` finds text in files, or files, by ripgrep: hidden files too, but not what .gitignore names, `.git` and `.env`.
 * Results are sorted by path.
 */
export default function search(config: SearchOptions = {}): Plugin {
  return { name: 'search', api: 1, setup: (host) => void host.add(tools, searchTool(config)) };
}

/** The schema of SearchOptions. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({ program: z.string().optional() });
};

function searchTool(config: SearchOptions): Tool {
  return {
    name: 'search',
    description: 'Searches files with ripgrep, .gitignore respected. Without pattern lists files.',
    inputSchema: {
      type: 'object',
      properties: {
        pattern: { type: 'string', description: 'Regular expression' },
        path: { type: 'string' },
        glob: { type: 'string', description: 'Such as *.{ts,tsx} or !test' },
        files: { type: 'boolean', description: 'Only names of files that match' },
        context: { type: 'integer', description: 'Lines around each match' },
      },
      additionalProperties: false,
    },
    annotations: { readOnlyHint: true },
    run: (args, context) => run(args, context, config),
  };
}

async function run(
  args: SearchArgs,
  context: ToolContext,
  config: SearchOptions,
): Promise<ToolResult> {
  const isBroken = [args.pattern, args.path, args.glob].some((text) => text?.includes('\0'));
  if (isBroken) throw new KernelError('invalid', 'expected text to search for, but it holds a NUL');
  const programs = config.program === undefined ? await ownPrograms() : [config.program];
  const found = await runRipgrep(ripgrepArguments(args, { literal: false }), programs, context);
  if (!isBadPattern(found)) return answer(args, found);
  const literal = await runRipgrep(ripgrepArguments(args, { literal: true }), programs, context);
  return answer(args, literal, 'not a valid regular expression, so it was searched as plain text');
}

async function ownPrograms(): Promise<readonly string[]> {
  try {
    const { rgPath } = await import('@vscode/ripgrep');
    return [rgPath, 'rg'];
  } catch (error) {
    // Its binary is not there for every platform, and a lean install may leave it out.
    if (!messageOf(error).includes('ripgrep')) throw error;
    return ['rg'];
  }
}

function isBadPattern({ code, text, errors }: Found): boolean {
  return code === 2 && text === '' && /regex parse error|PCRE2: error compiling/u.test(errors);
}

function answer(args: SearchArgs, found: Found, remark?: string): ToolResult {
  const isEmpty = found.text === '' && !found.timedOut;
  if (isEmpty && found.code !== 0 && found.code !== nothingFound)
    throw new KernelError('invalid', `ripgrep: ${found.errors.trim() || 'ended without a word'}`);
  const notes = [
    remark ?? '',
    isEmpty ? nothing(args) : found.errors.trim(),
    found.isCut ? 'there is more: narrow it by pattern, path or glob' : '',
    found.timedOut ? 'timed out: narrow it by path or glob' : '',
  ].filter((note) => note !== '');
  const text = found.text.replaceAll(/^\.\//gmu, '').toWellFormed();
  return {
    content: [{ type: 'text', text: notes.length === 0 ? text : `${text}[${notes.join('; ')}]` }],
  };
}

function nothing({ pattern }: SearchArgs): string {
  return pattern == null || pattern === '' ? 'no file' : 'no match';
}
