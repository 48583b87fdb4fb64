import { KernelError, tools } from '../../core/index.ts';
import type { Plugin, Tool, ToolContext, ToolResult } from '../../core/index.ts';
import { readHead, readLines } from './file/lines.ts';
import type { Head, Lines } from './file/lines.ts';
import { notText, size } from './file/type.ts';
import { joined } from './run/report.ts';

const defaultLines = 2000;

interface ReadFileArgs {
  readonly path: string;
  readonly offset?: number | null;
  readonly limit?: number | null;
}

/**
 * `read_file` shows lines of a text file as they are, without numbers, so that they can be copied into a patch. It never
 * loads more than it shows and what stands before it. A path `result:CALL_ID` is the whole text of a cut result.
 */
export default function readFile(): Plugin {
  return { name: 'read-file', api: 1, setup: (host) => void host.add(tools, tool) };
}

const tool: Tool = {
  name: 'read_file',
  description: 'Reads lines of a text file; at most 30 kB at once.',
  inputSchema: {
    type: 'object',
    properties: {
      path: { type: 'string' },
      offset: { type: 'integer', description: 'First line, from 1' },
      limit: { type: 'integer', description: 'Lines; default 2000' },
    },
    required: ['path'],
    additionalProperties: false,
  },
  annotations: { readOnlyHint: true },
  // The kernel has checked the arguments against inputSchema.
  run: (args, context) => run(args as unknown as ReadFileArgs, context),
};

async function run(args: ReadFileArgs, { effects, signal }: ToolContext): Promise<ToolResult> {
  const { path } = args;
  const read = (range: { readonly start: number; readonly end: number }) =>
    effects.read(path, range);
  const head = await readHead(read);
  const bytes = head.isWhole ? head.bytes.length : (await effects.stat(path)).bytes;
  refuseBinary(path, head, bytes);
  const offset = Math.max(1, args.offset ?? 1);
  const limit = Math.max(1, args.limit ?? defaultLines);
  const lines = await readLines(head, read, { offset, limit, signal });
  if ('problem' in lines) {
    const advice = head.isWhole
      ? 'choose a lower offset'
      : 'use search, or sed or tail through shell';
    throw new KernelError(
      'invalid',
      `expected a file with line ${offset}, but ${path} ${lines.problem}: ${advice}`,
    );
  }
  const text = show(path, lines, bytes);
  return {
    content: [{ type: 'text', text }],
    detail: { path, first: lines.first, last: lines.last },
  };
}

function refuseBinary(path: string, head: Head, bytes: number): void {
  const type = notText(head.bytes);
  if (type === undefined) return;
  const advice = type.startsWith('image/')
    ? 'see it with view_image'
    : 'look into it with a command through shell';
  throw new KernelError(
    'invalid',
    `expected a text file, but ${path} is ${type} (${size(bytes)}): ${advice}`,
  );
}

function show(path: string, lines: Lines, fileBytes: number): string {
  if (lines.bytes.length === 0) return '[the file is empty]';
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(lines.bytes);
  const isWindows = text.includes('\r\n') && !/(?:^|[^\r])\n/u.test(text);
  return joined(
    isWindows ? text.replaceAll('\r\n', '\n') : text,
    note(path, lines, { text, fileBytes, isWindows }),
  );
}

function note(
  path: string,
  lines: Lines,
  {
    text,
    fileBytes,
    isWindows,
  }: { readonly text: string; readonly fileBytes: number; readonly isWindows: boolean },
): string {
  const { first, last, total, isCut, atEnd } = lines;
  const notes: string[] = [];
  if (isCut)
    notes.push(
      `line ${first} goes on: only its first ${size(lines.bytes.length)} are shown; for the rest: sed -n ${first}p ${path} | cut -b${lines.bytes.length + 1}-`,
    );
  if (first > 1 || !atEnd) {
    const of = total === undefined ? `a file of ${size(fileBytes)}` : `${total}`;
    notes.push(
      `lines ${first}-${last} of ${of}${atEnd || last === total ? '' : `; go on with offset ${last + 1}`}`,
    );
  }
  if (isWindows) notes.push('lines end in CRLF');
  if (text.includes('\uFFFD')) notes.push('not valid UTF-8: � stands for what could not be read');
  return notes.length === 0 ? '' : `[${notes.join('; ')}]`;
}
