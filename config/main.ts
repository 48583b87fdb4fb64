/** The program: `spindle`. */

import { readFileSync } from 'node:fs';

/** Runs the program with the arguments after its name; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  if (!argv.includes('--version')) {
    process.stderr.write('spindle: expected --version; nothing else is built yet.\n');
    return 2;
  }
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest
      ? manifest.version
      : 'unknown';
  process.stdout.write(`${String(version)}\n`);
  return 0;
}
