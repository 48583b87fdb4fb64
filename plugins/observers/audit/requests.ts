/** What front ends can ask of the audit log. */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { RequestHandler } from '../../../core/index.ts';
import { type Line, logNames, parseLine } from './format.ts';
import { linesOf } from './lines.ts';

/** `audit/verify {file?}` gives a Verdict of the whole log, or of one file (an absolute path). */
export function verifyRequest(folder: string): RequestHandler {
  return {
    name: 'audit/verify',
    params: { type: 'object', properties: { file: { type: 'string' } } },
    result: { type: 'object' },
    run: async (params) => {
      const { verifyFile, verifyFolder } = await import('./verify.ts');
      const { file } = params as { readonly file?: string }; // as the schema above says
      return file === undefined ? verifyFolder(folder) : verifyFile(file);
    },
  };
}

/** A page of lines, oldest first; `next` is where the next page begins. */
interface AuditPage {
  readonly lines: readonly Line[];
  readonly next?: Cursor;
}

interface Cursor {
  readonly file: string;
  readonly start: number;
}

const pageSize = 500;

/** `audit/read {thread?, from?}` gives an AuditPage: lines of a thread whose id begins so, or all. */
export function readRequest(folder: string): RequestHandler {
  return {
    name: 'audit/read',
    params: {
      type: 'object',
      properties: { thread: { type: 'string' }, from: { type: 'object' } },
    },
    result: { type: 'object', required: ['lines'] },
    run: (params) => readPage(folder, params as Wanted), // as the schema above says
  };
}

type Wanted = Readonly<{ thread?: string; from?: Cursor }>;

async function readPage(folder: string, { thread, from }: Wanted): Promise<AuditPage> {
  const isThere = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  const names = isThere ? logNames(readdirSync(folder)) : [];
  const lines: Line[] = [];
  for (const file of names.filter((name) => from === undefined || name >= from.file)) {
    const start = file === from?.file ? from.start : 0;
    for await (const { bytes, next } of linesOf(join(folder, file), { start })) {
      const line = parseLine(bytes.toString());
      if (line !== undefined && isOf(line, thread)) lines.push(line);
      if (lines.length >= pageSize) return { lines, next: { file, start: next } };
    }
  }
  return { lines };
}

function isOf({ thread }: Line, wanted = ''): boolean {
  return wanted === '' || (typeof thread === 'string' && thread.startsWith(wanted));
}
