/**
 * Contents out of git's object store, read without git and never written: loose objects and packs, alternates too.
 * Formats: gitformat-pack(5), versions 2; gitrepository-layout(5).
 */

import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import { applyDelta } from './delta.ts';
import { offsetAt } from './index-file.ts';

/** The name that git gives to a file's content. */
export function blobOid(bytes: Uint8Array): string {
  const hash = process.getBuiltinModule('node:crypto').createHash('sha1');
  return hash.update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

/** Reads blobs. Packs that are found once are remembered; new ones are looked for when something is missing. */
export class GitObjects {
  readonly #folder: string;
  #packs: readonly PackIndex[] | undefined;

  /** `folder` is the repository's `objects`. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A blob's bytes; nothing when it is not there, not a blob, damaged, or larger than `maxBytes`. */
  blob(oid: string, maxBytes: number): Uint8Array | undefined {
    try {
      const found = this.#loose(oid, maxBytes) ?? this.#packed(oid, maxBytes);
      return found !== undefined && blobOid(found) === oid ? found : undefined;
    } catch {
      return undefined;
    }
  }

  #loose(oid: string, maxBytes: number): Uint8Array | undefined {
    for (const folder of this.#folders()) {
      const packed = whenThere(() => readFileSync(join(folder, oid.slice(0, 2), oid.slice(2))));
      if (packed === undefined) continue;
      const bytes = inflate(packed, maxBytes + 64);
      const start = bytes.indexOf(0) + 1;
      return bytes.toString('latin1', 0, 5) === 'blob ' ? bytes.subarray(start) : undefined;
    }
    return undefined;
  }

  #packed(oid: string, maxBytes: number): Uint8Array | undefined {
    for (const isFresh of [false, true]) {
      if (isFresh || this.#packs === undefined) this.#packs = this.#folders().flatMap(packsIn);
      for (const pack of this.#packs) {
        const offset = pack.offsetOf(oid);
        if (offset === undefined) continue;
        using file = openPack(pack.file);
        return readObject(file, offset, { maxBytes, find: (base) => pack.offsetOf(base) });
      }
    }
    return undefined;
  }

  #folders(): readonly string[] {
    const listed = whenThere(() => readFileSync(join(this.#folder, 'info/alternates'), 'utf8'));
    const others = (listed ?? '').split('\n').filter((one) => one !== '' && !one.startsWith('#'));
    return [
      this.#folder,
      ...others.map((one) => (isAbsolute(one) ? one : join(this.#folder, one))),
    ];
  }
}

function whenThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function inflate(bytes: Uint8Array, maxBytes: number): Buffer {
  return process.getBuiltinModule('node:zlib').inflateSync(bytes, { maxOutputLength: maxBytes });
}

interface PackIndex {
  readonly file: string;
  readonly offsetOf: (oid: string) => number | undefined;
}

function packsIn(folder: string): readonly PackIndex[] {
  const names = whenThere(() => readdirSync(join(folder, 'pack'))) ?? [];
  return names
    .filter((name) => name.endsWith('.idx'))
    .flatMap((name) => whenThere(() => readPackIndex(join(folder, 'pack', name))) ?? []);
}

const magic = 0xff_74_4f_63;
const fanBytes = 8 + 256 * 4;

/** A pack's table of contents: sorted names, and where their objects begin. */
function readPackIndex(path: string): PackIndex | undefined {
  const table = readFileSync(path);
  if (table.readUInt32BE(0) !== magic || table.readUInt32BE(4) !== 2) return undefined;
  const upTo = (byte: number) => (byte < 0 ? 0 : table.readUInt32BE(8 + byte * 4));
  const total = upTo(255);
  const offsets = fanBytes + total * 24;
  const offsetAtPlace = (place: number) => {
    const near = table.readUInt32BE(offsets + place * 4);
    if (near < 2 ** 31) return near;
    return Number(table.readBigUInt64BE(offsets + total * 4 + (near - 2 ** 31) * 8));
  };
  return {
    file: path.replace(/idx$/, 'pack'),
    offsetOf: (oid) => {
      const wanted = Buffer.from(oid, 'hex');
      const first = wanted[0] ?? 0;
      let [low, high] = [upTo(first - 1), upTo(first)];
      while (low < high) {
        const middle = (low + high) >> 1;
        const at = fanBytes + middle * 20;
        const order = wanted.compare(table, at, at + 20);
        if (order === 0) return offsetAtPlace(middle);
        if (order < 0) high = middle;
        else low = middle + 1;
      }
      return undefined;
    },
  };
}

interface PackFile extends Disposable {
  readonly read: (start: number, length: number) => Buffer;
}

function openPack(path: string): PackFile {
  const file = openSync(path, 'r');
  const { size } = fstatSync(file);
  return {
    read: (start, length) => {
      const buffer = Buffer.alloc(Math.max(0, Math.min(length, size - start)));
      return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, start));
    },
    [Symbol.dispose]: () => closeSync(file),
  };
}

/** Kinds of objects in a pack, as far as they matter here. */
const kinds = { blob: 3, offsetDelta: 6, nameDelta: 7 };
/** What an object's header may take, with the name or offset of its base. */
const headBytes = 64;

interface Reading {
  readonly maxBytes: number;
  readonly find: (oid: string) => number | undefined;
}

/** An object of a pack, with the deltas that it is made of applied. */
function readObject(file: PackFile, offset: number, on: Reading): Uint8Array | undefined {
  const head = file.read(offset, headBytes);
  let at = 0;
  let byte = head[at++] ?? 0;
  const kind = (byte >> 4) & 7;
  let size = byte & 15;
  for (let scale = 16; byte & 0x80; scale *= 128) {
    byte = head[at++] ?? 0;
    size += (byte & 0x7f) * scale;
  }
  if (size > on.maxBytes) return undefined;
  let base: number | undefined;
  if (kind === kinds.offsetDelta) {
    const { value, next } = offsetAt(head, at);
    [base, at] = [offset - value, next];
  } else if (kind === kinds.nameDelta) {
    base = on.find(head.toString('hex', at, at + 20));
    at += 20;
  } else if (kind !== kinds.blob) return undefined;
  // What deflate can take of so many bytes: nothing of them made smaller.
  const bytes = inflate(file.read(offset + at, size + (size >> 10) + 128), size + 1);
  if (kind === kinds.blob) return bytes;
  const whole = base === undefined ? undefined : readObject(file, base, on);
  return whole && applyDelta(whole, bytes, on.maxBytes);
}
