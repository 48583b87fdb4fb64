/** Of git's index (gitformat-index(5)): where other repositories are said to lie. Git looks into them by itself. */

const signature = 'DIRC';
/** Of an entry, before its name: times, numbers, mode, sizes, hash and flags. */
const fixedBytes = { sha1: 62, sha256: 74 } as const;
const gitlinkMode = 0o160_000;
const extendedFlag = 0x4000;

/** Paths of entries that are repositories (submodules), relative to the work tree. What is no index has none. */
export function gitlinksIn(index: Buffer, hash: 'sha1' | 'sha256' = 'sha1'): readonly string[] {
  if (index.length < 12 || index.toString('latin1', 0, 4) !== signature) return [];
  const version = index.readUInt32BE(4);
  const found: string[] = [];
  let [at, name] = [12, Buffer.alloc(0)];
  for (let count = index.readUInt32BE(8); count > 0; count--) {
    const start = at;
    at += fixedBytes[hash];
    if (at > index.length) return found;
    if ((index.readUInt16BE(at - 2) & extendedFlag) !== 0) at += 2;
    const cut = version === 4 ? variableNumber(index, at) : { value: name.length, next: at };
    const end = index.indexOf(0, cut.next);
    if (end < 0) return found;
    // In version 4 a name says how much of the one before it drops, and what comes instead.
    name = Buffer.concat([
      name.subarray(0, Math.max(0, name.length - cut.value)),
      index.subarray(cut.next, end),
    ]);
    if (index.readUInt32BE(start + 24) === gitlinkMode) found.push(name.toString());
    // Before version 4 entries are filled up with one to eight NULs.
    at = version === 4 ? end + 1 : start + Math.ceil((end - start + 1) / 8) * 8;
  }
  return found;
}

function variableNumber(bytes: Buffer, from: number): { value: number; next: number } {
  let next = from;
  let byte = bytes[next++] ?? 0;
  let value = byte & 0x7f;
  while ((byte & 0x80) !== 0) {
    byte = bytes[next++] ?? 0;
    value = ((value + 1) << 7) | (byte & 0x7f);
  }
  return { value, next };
}
