/** What was at a path, as checkpoints keep it. */

/** `hash` names the content in the store. */
export type FileImage = Readonly<{ kind: 'file'; hash: string; bytes: number; mode: number }>;
/** What is there but could not be kept; `stamp` tells whether it is still the same. */
export type UnknownImage = Readonly<{ kind: 'unknown'; why: string; stamp: string }>;
/** A file, a symbolic link, a folder, nothing at all, or what could not be kept. */
export type Image =
  | FileImage
  | UnknownImage
  | Readonly<{ kind: 'link'; target: string }>
  | Readonly<{ kind: 'folder' }>
  | Readonly<{ kind: 'none' }>;

/** One path before and after; absolute, without links. */
export type Change = Readonly<{ path: string; before: Image; after: Image }>;

export const nothing: Image = { kind: 'none' };
export const folder: Image = { kind: 'folder' };

/** Whether both are surely the same thing, byte for byte and with the same mode. */
export function isSame(one: Image, other: Image): boolean {
  if (one.kind === 'file' && other.kind === 'file')
    return one.hash === other.hash && one.mode === other.mode;
  if (one.kind === 'link' && other.kind === 'link') return one.target === other.target;
  if (one.kind === 'unknown' && other.kind === 'unknown') return one.stamp === other.stamp;
  return one.kind === other.kind && (one.kind === 'none' || one.kind === 'folder');
}
