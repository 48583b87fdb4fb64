/** Reads instruction files within their share of bytes; what had to be left out is told in a notice. */

import { messageOf } from '../../../core/index.ts';
import { isMissing, type Found, type Reading } from './folders.ts';
import { showFile, type Shown } from './text.ts';

/** A larger file is not read at all. */
const maxFileBytes = 5 * 1024 * 1024;

export interface ShownFile {
  readonly path: string;
  readonly shown: Shown;
}

/** The user's own file, which may be missing. */
export async function showUserFile(path: string, reading: Reading): Promise<ShownFile | undefined> {
  const { finder, maxBytes, present } = reading;
  try {
    const content = await finder.effects.read(path, { start: 0, end: maxBytes + 1 });
    present.add(path);
    if (content.length > maxBytes)
      finder.warn(`${path} was cut: it has more than ${maxBytes} bytes (option maxBytes)`);
    return warned({ path, shown: showFile(content, content.length, maxBytes) }, reading);
  } catch (error) {
    if (isMissing(error)) return undefined;
    present.add(path);
    finder.warn(`${path} was left out: ${messageOf(error)}`);
    return undefined;
  }
}

/** Files from the furthest to the nearest. The nearest takes what it needs of the bytes first. */
export async function showTogether(
  found: readonly Found[],
  reading: Reading,
): Promise<readonly ShownFile[]> {
  let left = reading.maxBytes;
  const shares = found.toReversed().map((file) => {
    const share = file.bytes > maxFileBytes ? 0 : Math.min(left, file.bytes);
    left -= share;
    return { file, share };
  });
  const shown = await Promise.all(
    shares.toReversed().map(({ file, share }) => show(file, share, reading)),
  );
  return shown.filter((file) => file !== undefined);
}

/** Files that have the whole number of bytes each. */
export async function showEach(
  found: readonly Found[],
  reading: Reading,
): Promise<readonly ShownFile[]> {
  const shown = await Promise.all(found.map((file) => show(file, reading.maxBytes, reading)));
  return shown.filter((file) => file !== undefined);
}

async function show(found: Found, share: number, reading: Reading): Promise<ShownFile | undefined> {
  const { finder, present } = reading;
  const { path, bytes } = found;
  present.add(path);
  if (bytes > maxFileBytes) {
    finder.warn(
      `${path} was left out: it has ${bytes} bytes, more than the ${maxFileBytes} that are read`,
    );
    return undefined;
  }
  try {
    const shown = showFile(await contentOf(found, reading), bytes, share);
    if (shown.shownBytes < bytes) {
      finder.warn(
        `${path} was cut: ${shown.shownBytes} of ${bytes} bytes are shown (option maxBytes)`,
      );
    }
    return warned({ path, shown }, reading);
  } catch (error) {
    finder.warn(`${path} was left out: ${messageOf(error)}`);
    return undefined;
  }
}

/** As much of a file as can be shown; read again only when it has changed. */
async function contentOf(found: Found, { known, finder, maxBytes }: Reading): Promise<Uint8Array> {
  const before = known.contents.get(found.path);
  if (before?.bytes === found.bytes && before.modifiedMs === found.modifiedMs)
    return before.content;
  const content = await finder.effects.read(found.real, {
    start: 0,
    end: Math.min(found.bytes, maxBytes),
  });
  known.contents.set(found.path, { ...found, content });
  return content;
}

function warned(file: ShownFile, { finder }: Reading): ShownFile {
  const { removed } = file.shown;
  if (removed > 0) finder.warn(`${file.path}: ${removed} invisible characters were taken out`);
  return file;
}
