/** The pinned conformance kit as a program, and what its checks came to. */

import { spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { ended } from '../fixtures/front-ends/run.ts';

const root = join(import.meta.dirname, '../..');
const program = join(root, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');

interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly errorMessage?: string;
}

/** What one scenario came to. */
export interface Scenario {
  readonly name: string;
  readonly passed: number;
  /** The checks that failed, or warned. */
  readonly failed: readonly Check[];
}

interface Run {
  /** The kit's arguments. */
  readonly argv: readonly string[];
  /** An empty folder for its results. */
  readonly folder: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** The names of scenarios, by the arguments of the kit's `list`. */
export async function listScenarios(argv: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await ended(spawn(process.execPath, [program, 'list', ...argv]));
  return [...stdout.matchAll(/^ {2}- (\S+)/gmu)].map(([, name = '']) => name);
}

/** Runs the kit; throws what it printed when it gave no results. */
export async function runKit({
  argv,
  folder,
  env = process.env,
}: Run): Promise<readonly Scenario[]> {
  const child = spawn(process.execPath, [program, ...argv, '--output-dir', folder], { env });
  const { stdout, stderr } = await ended(child);
  const files = globSync('**/checks.json', { cwd: folder });
  if (files.length === 0) throw new Error(`the kit gave no results:\n${stdout}${stderr}`);
  return files.toSorted().map((file) => scoreOf(folder, file));
}

function scoreOf(folder: string, file: string): Scenario {
  const checks = JSON.parse(readFileSync(join(folder, file), 'utf8')) as readonly Check[]; // by the kit
  const at = dirname(file);
  // server-SCENARIO-TIME, and for clients GROUP/SCENARIO-TIME
  const last = basename(at).replace(/-\d{4}-\d\d-\d\dT.*$/, '');
  const name = join(dirname(at), last.replace(/^server-(?=.)/, ''));
  return {
    name,
    passed: checks.filter(({ status }) => status === 'SUCCESS').length,
    failed: checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING'),
  };
}

/** A line of numbers, and one for each check that failed. */
export function told(what: string, scenarios: readonly Scenario[]): string {
  const whole = scenarios.filter(({ failed }) => failed.length === 0).length;
  const passed = scenarios.reduce((sum, one) => sum + one.passed, 0);
  const failed = scenarios.flatMap(({ name, failed: checks }) =>
    checks.map(
      ({ id, status, errorMessage = '' }) =>
        `  ${status} ${name}: ${id} ${errorMessage.slice(0, 300)}`,
    ),
  );
  const numbers = `${passed}/${passed + failed.length} checks, ${whole}/${scenarios.length} scenarios`;
  return [`${what}: ${numbers}`, ...failed].join('\n');
}
