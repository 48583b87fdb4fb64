/** Where the sandbox differs from the machine, which it sees read-only. */

/** How a path is seen inside: as it is, to read or to write; as an empty folder of its own; as a file without content. */
export type Place =
  | Readonly<{ path: string; as: 'read' | 'write' | 'blank' }>
  | Readonly<{ path: string; as: 'empty'; bytes: number; mode: string }>;

/** Places, and what must be gone from the machine afterwards: files, and folders when they are empty. */
export interface Layout {
  readonly places: readonly Place[];
  readonly cleanup: readonly string[];
}

/** Several layouts as one; of what they say of one path, the last counts. */
export function together(layouts: readonly Layout[]): Layout {
  return {
    places: layouts.flatMap(({ places }) => places),
    cleanup: layouts.flatMap(({ cleanup }) => cleanup),
  };
}

/** A layout that needs no cleaning. */
export function laid(...places: readonly Place[]): Layout {
  return { places, cleanup: [] };
}

/** Whether a path is a folder itself or lies in it. Both are real paths. */
export function isBelow(path: string, folder: string): boolean {
  if (!path.startsWith(folder)) return false;
  return path.length === folder.length || folder === '/' || path[folder.length] === '/';
}

/** Whether what is at a path on the machine is there inside. An empty folder itself is there. */
export function isVisible(path: string, places: readonly Place[]): boolean {
  let nearest: Place | undefined;
  for (const place of places) {
    const isNearer = nearest === undefined || place.path.length >= nearest.path.length;
    if (isNearer && isBelow(path, place.path)) nearest = place;
  }
  if (nearest === undefined || nearest.as === 'read' || nearest.as === 'write') return true;
  return nearest.as === 'empty' && nearest.path === path;
}

/** The places as arguments of bwrap: what lies in another comes after it. Of equal paths, the last counts. */
export function placeArgs(places: readonly Place[]): readonly string[] {
  const last = new Map(places.map((place) => [place.path, place]));
  const ordered = [...last.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return ordered.flatMap((place) => {
    const { path } = place;
    if (place.as === 'empty')
      return ['--perms', place.mode, '--size', String(place.bytes), '--tmpfs', path];
    return [
      place.as === 'write' ? '--bind' : '--ro-bind',
      place.as === 'blank' ? '/dev/null' : path,
      path,
    ];
  });
}
