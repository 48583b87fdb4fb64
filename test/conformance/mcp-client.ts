/** `plugins/mcp` in a running kernel (client.ts), as the kit sees it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { listScenarios, runKit, type Scenario } from './kit.ts';

const driver = join(import.meta.dirname, 'client.ts');

/** So many at once: the kit would start all, which a small machine does not do within their limits. */
const atOnce = 3;
const limitMs = 60_000;

interface Wanted {
  /** Of the specification. */
  readonly version?: string;
  /** Scenarios by name; default: all. */
  readonly only?: readonly string[];
}

/** Has the kit run its client scenarios, a few at a time. */
export async function judgeClient({ version, only }: Wanted = {}): Promise<readonly Scenario[]> {
  const folder = mkdtempSync(join(tmpdir(), 'spindle-conformance-'));
  const of = version === undefined ? [] : ['--spec-version', version];
  const names = (only ?? (await listScenarios(['--client', ...of]))).values();
  const scenarios: Scenario[] = [];
  const work = async (worker: number) => {
    for (const name of names) {
      const own = join(folder, `${worker}-${name.replaceAll('/', '_')}`);
      const command = `${process.execPath} ${driver}`;
      const argv = [
        'client',
        '--command',
        command,
        '--timeout',
        String(limitMs),
        '--scenario',
        name,
      ];
      const [found] = await runKit({ argv: [...argv, ...of], folder: own });
      scenarios.push({ passed: 0, failed: [], ...found, name });
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, (_, worker) => work(worker)));
    return scenarios.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
