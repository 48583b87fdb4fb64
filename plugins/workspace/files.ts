/** Files, one at a time: read, written, looked at, made. */

import { basename, dirname, join } from 'node:path';

import {
  conflict,
  type Effects,
  invalid,
  KernelError,
  newId,
  type RequestHandler,
} from '../../core/index.ts';
import { flag, request, text } from './request.ts';

/** `fs/readFile`, `writeFile`, `getMetadata`, `readDirectory`, `createDirectory`. Bytes go in base64. */
export const fileRequests: readonly RequestHandler[] = [
  request('fs/readFile', { path: text }, async (params, { effects }) => {
    const bytes = await effects.read(params.text('path'));
    return { dataBase64: Buffer.from(bytes).toString('base64') };
  }),

  request('fs/writeFile', { path: text, dataBase64: text }, async (params, { effects }) => {
    const data = Buffer.from(params.maybeText('dataBase64') ?? '', 'base64');
    await effects.write(params.text('path'), data);
    return {};
  }),

  request('fs/getMetadata', { path: text }, async (params, { effects }) => {
    const path = params.text('path');
    const { kind, modifiedMs } = await effects.stat(path);
    return {
      isDirectory: kind === 'directory',
      isFile: kind === 'file',
      isSymlink: await isLinkAsSeen(path, effects),
      createdAtMs: 0, // machines do not tell
      modifiedAtMs: Math.round(modifiedMs),
    };
  }),

  request('fs/readDirectory', { path: text }, async (params, { effects }) => {
    const entries = await effects.list(params.text('path'));
    return {
      entries: entries.map(({ name, kind }) => {
        return { fileName: name, isDirectory: kind === 'directory', isFile: kind === 'file' };
      }),
    };
  }),

  request('fs/createDirectory', { path: text, recursive: flag }, async (params, { effects }) => {
    await makeFolder(params.text('path'), params.flag('recursive'), effects);
    return {};
  }),
];

/** Whether the path itself is a link: what is there is not in its own folder under its own name. */
export async function isLink(path: string, effects: Effects): Promise<boolean> {
  const there = await effects.stat(path);
  const folder = await effects.stat(dirname(path));
  return basename(path) !== '' && there.path !== join(folder.path, basename(path));
}

/** The same, where the folder it is in may lie outside of what can be seen: then it is a root, which is no link. */
async function isLinkAsSeen(path: string, effects: Effects): Promise<boolean> {
  try {
    return await isLink(path, effects);
  } catch (error) {
    if (error instanceof KernelError && error.code === 'denied') return false;
    throw error;
  }
}

/** Whether anything is there. */
export async function isThere(path: string, effects: Effects): Promise<boolean> {
  try {
    await effects.stat(path);
    return true;
  } catch (error) {
    if (error instanceof KernelError && error.code === 'not_found') return false;
    throw error;
  }
}

/** Makes a folder, with those above it if `isDeep`. Machines make folders for files: so one is written, and taken away. */
export async function makeFolder(path: string, isDeep: boolean, effects: Effects): Promise<void> {
  if (await isThere(path, effects)) {
    const { kind } = await effects.stat(path);
    if (isDeep && kind === 'directory') return;
    throw conflict`expected nothing at ${path}, but there is a ${kind}`;
  }
  if (!isDeep && !(await isThere(dirname(path), effects)))
    throw invalid`expected ${dirname(path)} to be there: make it first, or say "recursive"`;
  const first = join(path, `.${newId()}`);
  await effects.write(first, '');
  await effects.remove(first);
}
