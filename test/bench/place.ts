/** Where the programs run: a repository, a home for each, and how they are started. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const floor = join(import.meta.dirname, 'floor.mjs');
const meter = join(import.meta.dirname, 'meter.cjs');

/** What can be run. `empty` is `node -e 0`; `floor` the least that is an agent. */
export type Program = 'spindle' | 'floor' | 'empty';

/** What meter.cjs says of the process: its processor time and its peak memory, children not counted. */
export interface Metered {
  readonly processorMs: number;
  readonly peakBytes: number;
}

/** How a run went; times in milliseconds since the epoch, with fractions. */
export interface Run {
  readonly spawnedAt: number;
  readonly endedAt: number;
  /** Zeros when it was not asked for. */
  readonly metered: Metered;
}

/** How a run is to be. */
export interface RunOptions {
  /** The stand-in's. */
  readonly url?: string;
  /** Has the process measure itself at its end, which costs its start a little. */
  readonly isMetered?: boolean;
  /** SPINDLE_HOME; default: the same for all runs. */
  readonly home?: string;
  /** Another command than the task, for Spindle. */
  readonly argv?: readonly string[];
}

/** A folder for one benchmark. Disposing removes it. */
export interface Place extends Disposable {
  /** The file that starts Spindle. */
  readonly launcher: string;
  /** A name for a new file or folder. */
  readonly fresh: (name: string) => string;
  /** Runs a program to its end. Throws with what it wrote when its exit code is not 0. */
  readonly run: (program: Program, options?: RunOptions) => Promise<Run>;
  /** Runs a script of ours that measures itself, and gives what it wrote. Throws as `run` does. */
  readonly runNode: (argv: readonly string[]) => Promise<Run & { readonly stdout: string }>;
}

/** Makes the folder; `launcher` is the file that starts Spindle. */
export function makePlace(launcher: string): Place {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'spindle-bench-')));
  let count = 0;
  const fresh = (name: string) => join(base, `${++count}-${name}`);
  const [home, cwd] = [fresh('home'), fresh('repository')];
  mkdirSync(home);
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'package.json'), '{ "name": "measured", "version": "1.0.0" }\n');
  spawnSync('git', ['init', '--quiet', cwd]);
  const task = 'make the failing test pass';
  const argv = {
    spindle: [launcher, 'exec', '--sandbox', 'danger-full-access', task],
    floor: [floor, task],
    empty: ['-e', '0'],
  };
  return {
    launcher,
    fresh,
    run: (program, options = {}) => {
      const report = options.isMetered === true ? fresh('meter.json') : undefined;
      const env = environment({ home, ...options }, report);
      const metering = report === undefined ? [] : ['--require', meter];
      const words = options.argv === undefined ? argv[program] : [launcher, ...options.argv];
      return runProcess([...metering, ...words], { cwd, env, report });
    },
    runNode: (script) => {
      const report = fresh('meter.json');
      const env = environment({ home }, report);
      return runProcess(['--require', meter, ...script], { cwd, env, report });
    },
    [Symbol.dispose]: () => rmSync(base, { recursive: true, force: true }),
  };
}

/** What is set here is all a program gets, so that no setting of the machine changes the figures. */
function environment({ url = '', home = '' }: RunOptions, report?: string): NodeJS.ProcessEnv {
  const { PATH } = process.env;
  const model = { OPENAI_BASE_URL: url, OPENAI_API_KEY: 'test', OPENAI_MODEL: 'stand-in' };
  return { PATH, HOME: home, SPINDLE_HOME: home, ...model, BENCH_METER: report };
}

/** The wall clock, as the stand-in reads it. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

async function runProcess(
  argv: readonly string[],
  { report, ...where }: { cwd: string; env: NodeJS.ProcessEnv; report: string | undefined },
): Promise<Run & { readonly stdout: string }> {
  const spawnedAt = now();
  const child = spawn(process.execPath, argv, { ...where, stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(child, 'exit').then(([code]: unknown[]) => ({ code, endedAt: now() }));
  const [{ code, endedAt }, ...said] = await Promise.all([
    exit,
    text(child.stdout),
    text(child.stderr),
  ]);
  if (code !== 0) {
    const name = argv.join(' ');
    throw new Error(
      `expected ${name} to end with exit code 0, but got ${String(code)}:\n${said.join('')}`,
    );
  }
  const none: Metered = { processorMs: 0, peakBytes: 0 };
  const metered =
    report === undefined ? none : (JSON.parse(readFileSync(report, 'utf8')) as Metered); // meter.cjs wrote it
  return { spawnedAt, endedAt, metered, stdout: said[0] ?? '' };
}
