/**
 * Of git's index (gitformat-index(5)): where other repositories are said to lie. Git looks into them by itself. Whoever
 * wrote the index may mean to hide that, so it is read as git reads it, and what git would not have written is no index.
 */

/** How the hashes of a repository are made. */
export type Hash = 'sha1' | 'sha256';

/** What an index says. Paths are relative to the work tree, and byte for byte (latin1): they need not be UTF-8. */
export interface IndexFile {
  /** Of entries that are repositories (submodules). */
  readonly gitlinks: readonly string[];
  /** Of all entries, where they were asked for. */
  readonly paths: readonly string[];
  /** Names of the files, in git's folder, that it is only the difference to. */
  readonly bases: readonly string[];
}

const hashBytes: Readonly<Record<Hash, number>> = { sha1: 20, sha256: 32 };
/** Of an entry, before its hash: times, numbers, mode and sizes. */
const fixedBytes = 40;
const gitlinkMode = 0o160_000;
const extendedFlag = 0x4000;
const lengthMask = 0xfff;

/** Reads one; `undefined` for what is none. `isWhole`: with all paths. */
export function readIndex(index: Buffer, hash: Hash, isWhole = false): IndexFile | undefined {
  try {
    return indexIn(index, hash, isWhole);
  } catch (error) {
    if (error instanceof RangeError) return undefined; // it ends too early, or is strange
    throw error;
  }
}

function indexIn(index: Buffer, hash: Hash, isWhole: boolean): IndexFile {
  const hasSignature = index.toString('latin1', 0, 4) === 'DIRC';
  const version = index.readUInt32BE(4);
  check(hasSignature && version >= 2 && version <= 4);
  const starts: number[] = [];
  const gitlinks: string[] = [];
  const paths: string[] = [];
  let at = 12;
  let name: Buffer = Buffer.alloc(0);
  for (let count = index.readUInt32BE(8); count > 0; count--) {
    const isGitlink = index.readUInt32BE(at + 24) === gitlinkMode;
    const entry = entryAt(index, at, { version, hash, before: name });
    starts.push(entry.isWhole ? at : -1);
    ({ name, next: at } = entry);
    if (isGitlink) gitlinks.push(textOf(name));
    if (isWhole) paths.push(textOf(name));
  }
  const extensions = extensionsIn(index.subarray(0, index.length - hashBytes[hash]), at);
  const isAsFound = extensions.every((one) => leadsToEntries(one, starts, at));
  check(isAsFound); // with several threads git goes by these instead
  const links = extensions.filter(({ name: own }) => own === 'link');
  const hashes = links.map(({ data }) => data.toString('hex', 0, hashBytes[hash]));
  const bases = hashes.filter((one) => !/^0*$/.test(one)).map((one) => `sharedindex.${one}`);
  return { gitlinks, paths, bases };
}

function check(isSound: boolean): void {
  if (!isSound) throw new RangeError('no index');
}

interface Reading {
  readonly version: number;
  readonly hash: Hash;
  /** The name of the entry before. */
  readonly before: Buffer;
}

/** The name of an entry, and where the next one is. Its length is what its flags say, whatever it holds. */
function entryAt(index: Buffer, start: number, { version, hash, before }: Reading) {
  const flagsAt = start + fixedBytes + hashBytes[hash];
  const flags = index.readUInt16BE(flagsAt);
  const nameAt = flagsAt + ((flags & extendedFlag) === 0 ? 2 : 4);
  // In version 4 a name says how much of the one before it drops, and what comes instead.
  const isCut = version === 4;
  const cut = isCut ? variableNumber(index, nameAt) : { value: before.length, next: nameAt };
  const kept = before.length - cut.value;
  const said = flags & lengthMask;
  const length = said === lengthMask ? index.indexOf(0, cut.next) - cut.next : said - kept;
  const end = cut.next + length;
  check(kept >= 0 && length >= 0 && end < index.length);
  const own = index.subarray(cut.next, end);
  const name = kept === 0 ? own : Buffer.concat([before.subarray(0, kept), own]);
  // Before version 4 entries are filled up with one to eight NULs.
  const next = isCut ? end + 1 : start + Math.ceil((end - start + 1) / 8) * 8;
  return { name, next, isWhole: kept === 0 };
}

function textOf(name: Buffer): string {
  const [text = ''] = name.toString('latin1').split('\0', 1);
  return text;
}

interface Extension {
  readonly name: string;
  readonly data: Buffer;
}

/** What follows the entries, up to the end. */
function extensionsIn(index: Buffer, from: number): readonly Extension[] {
  const found: Extension[] = [];
  let at = from;
  while (at < index.length) {
    const size = index.readUInt32BE(at + 4);
    const data = index.subarray(at + 8, at + 8 + size);
    found.push({ name: index.toString('latin1', at, at + 4), data });
    at += 8 + size;
  }
  check(at === index.length);
  return found;
}

/**
 * Whether an extension that says where entries begin and end says it as it is; others do not. `starts` are those of
 * entries whose name is written whole: git begins only with such ones.
 */
function leadsToEntries({ name, data }: Extension, starts: readonly number[], end: number) {
  if (name === 'EOIE') return data.readUInt32BE(0) === end;
  if (name !== 'IEOT') return true;
  let count = 0;
  for (let at = 4; at < data.length; at += 8) {
    if (data.readUInt32BE(at) !== starts[count]) return false;
    count += data.readUInt32BE(at + 4);
  }
  return count === starts.length;
}

function variableNumber(bytes: Buffer, from: number): { value: number; next: number } {
  let next = from;
  let byte = bytes.readUInt8(next++);
  let value = byte & 0x7f;
  while ((byte & 0x80) !== 0) {
    byte = bytes.readUInt8(next++);
    value = (value + 1) * 128 + (byte & 0x7f);
  }
  return { value, next };
}
