/** The first bytes of kinds of files that are not text, and what to call them. `undefined` in `bytes` matches any byte. */
const signatures: readonly (readonly [name: string, bytes: readonly (number | undefined)[]])[] = [
  ['image/png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['image/jpeg', [0xff, 0xd8, 0xff]],
  ['image/gif', [0x47, 0x49, 0x46, 0x38]],
  [
    'image/webp',
    [0x52, 0x49, 0x46, 0x46, undefined, undefined, undefined, undefined, 0x57, 0x45, 0x42, 0x50],
  ],
  ['image/bmp', [0x42, 0x4d, undefined, undefined, undefined, undefined, 0, 0, 0, 0]],
  ['image/tiff', [0x49, 0x49, 0x2a, 0]],
  ['image/tiff', [0x4d, 0x4d, 0, 0x2a]],
  ['image/avif', [0, 0, 0, undefined, 0x66, 0x74, 0x79, 0x70, 0x61, 0x76, 0x69, 0x66]],
  ['image/heic', [0, 0, 0, undefined, 0x66, 0x74, 0x79, 0x70, 0x68, 0x65, 0x69]],
  ['application/pdf', [0x25, 0x50, 0x44, 0x46, 0x2d]],
  ['application/zip', [0x50, 0x4b, 0x03, 0x04]],
  ['application/gzip', [0x1f, 0x8b]],
  ['application/zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['application/x-xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['application/x-bzip2', [0x42, 0x5a, 0x68]],
  ['application/wasm', [0x00, 0x61, 0x73, 0x6d]],
  ['application/x-elf', [0x7f, 0x45, 0x4c, 0x46]],
  ['application/vnd.sqlite3', [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65, 0x20, 0x66]],
  ['application/java-vm', [0xca, 0xfe, 0xba, 0xbe]],
  ['audio/ogg', [0x4f, 0x67, 0x67, 0x53]],
  ['video/mp4', [0, 0, 0, undefined, 0x66, 0x74, 0x79, 0x70]],
  ['text in UTF-16', [0xff, 0xfe]],
  ['text in UTF-16', [0xfe, 0xff]],
];

/** How many of a file's first bytes decide what it is. */
const typeBytes = 8192;

/** The media type of a file by its first bytes; nothing when they are not known. */
export function fileType(head: Uint8Array): string | undefined {
  return signatures.find(([, bytes]) =>
    bytes.every((byte, at) => byte === undefined || byte === head[at]),
  )?.[0];
}

/** What a file is when it is not text: its type, or `binary`; nothing for text. UTF-8 has no NUL, as git judges too. */
export function notText(head: Uint8Array): string | undefined {
  const start = head.subarray(0, typeBytes);
  if (start.includes(0)) return fileType(start) ?? 'binary';
  const known = fileType(start);
  return known?.startsWith('text') === true || (known !== undefined && !isUtf8(start))
    ? known
    : undefined;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** A size for people and models: `512 bytes`, `1.4 MB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  for (; value >= 999.95 && unit < units.length - 1; unit++) value /= 1000;
  return `${value.toFixed(1)} ${units[unit] ?? ''}`;
}
