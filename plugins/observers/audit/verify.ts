/** Finds what was done to an audit log behind its writers' backs. */

import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { KernelError } from '../../../core/index.ts';
import { Chain, type Fault } from './chain.ts';
import { readHead } from './end.ts';
import { type Head, headName, logNames, parseLine, sha256 } from './format.ts';
import { linesOf } from './lines.ts';

/** What was looked at, where it ends, and what is wrong: without faults the log is as it was written. */
export interface Verdict {
  readonly files: readonly string[];
  readonly lines: number;
  readonly end?: Head;
  readonly faults: readonly Fault[];
}

/** Checks the whole log in a folder. That there is none is no fault. */
export async function verifyFolder(folder: string): Promise<Verdict> {
  const isThere = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  const head = isThere ? readHead(folder) : undefined;
  const files = isThere ? logNames(readdirSync(folder)).map((name) => join(folder, name)) : [];
  const chain = new Chain({ isFromStart: true });
  const lines = await readInto(chain, files);
  chain.close(head);
  const message = 'it is missing or damaged, so that an end that was cut off is not found';
  const headless = lines > 0 && head === undefined ? [{ file: headName, message }] : [];
  return { files, lines, end: chain.end, faults: [...chain.faults, ...headless] };
}

/** Checks one file, and its end where the log ends in it. Throws `not_found`. */
export async function verifyFile(file: string): Promise<Verdict> {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    const advice = '"spindle audit verify" without a file checks the whole log';
    const message = `expected a file of an audit log, but ${file} is none: ${advice}`;
    throw new KernelError('not_found', message);
  }
  const head = readHead(dirname(file));
  const chain = new Chain({ isFromStart: false });
  const lines = await readInto(chain, [file]);
  chain.close(head?.file === basename(file) ? head : undefined);
  return { files: [file], lines, end: chain.end, faults: chain.faults };
}

async function readInto(chain: Chain, files: readonly string[]): Promise<number> {
  let count = 0;
  for (const path of files) {
    for await (const { bytes, place: line, isWhole } of linesOf(path)) {
      const place = { file: basename(path), line, hash: sha256(bytes) };
      const parsed = parseLine(bytes.toString());
      count++;
      if (!isWhole) chain.addBroken(place, 'it was cut off in the middle');
      else if (parsed === undefined)
        chain.addBroken(place, 'it is damaged: no line of an audit log');
      else chain.add(parsed, place);
    }
  }
  return count;
}
