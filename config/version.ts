/** What this program is called and which version it is. */

import { existsSync, readFileSync } from 'node:fs';

/** The version in the package's manifest, which lies above this file in the sources and in the built package. */
export function readVersion(): string {
  const manifest = new URL('../package.json', import.meta.url);
  if (!existsSync(manifest)) return 'unknown';
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version?: string }; // our own file
  return version ?? 'unknown';
}
