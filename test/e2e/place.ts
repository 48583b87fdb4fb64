/** The real binary in a folder of its own, with configuration, state and a stand-in model of its own. */

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

import type { Item } from '../../core/index.ts';
import {
  codeCache,
  endAll,
  ended,
  type Ended,
  type RunOptions,
} from '../fixtures/front-ends/run.ts';
import {
  startModelServer,
  type Answer,
  type ModelServer,
  type Script,
} from '../fixtures/model-server.ts';
import { temporaryFolder } from '../fixtures/folders.ts';

/** The program that users start. */
export const binary: string = join(import.meta.dirname, '../../config/spindle.cjs');

export interface E2eOptions {
  /** The model's answers in order, or what gives the answer to a request. */
  readonly answers: readonly Answer[] | Script;
  /** Files of the folder by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** The user's configuration. */
  readonly config?: object;
  readonly env?: Readonly<Record<string, string>>;
}

/** All of it is gone after the test. */
export interface E2e {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly server: ModelServer;
  readonly start: (...argv: readonly string[]) => ChildProcess;
  readonly run: (argv: readonly string[], options?: RunOptions) => Promise<Ended>;
  /** The items of the threads there are, one list for each. */
  readonly threads: () => readonly (readonly Item[])[];
}

export async function makeE2e(t: TestContext, options: E2eOptions): Promise<E2e> {
  const server = await startModelServer({ script: options.answers });
  const children: ChildProcess[] = [];
  const base = temporaryFolder(t, async () => {
    await endAll(children);
    await server.close();
  });
  const [cwd, home] = [join(base, 'work'), join(base, 'home')];
  mkdirSync(home);
  for (const [path, text] of Object.entries({ '.keep': '', ...options.files })) {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), text);
  }
  if (options.config !== undefined)
    writeFileSync(join(home, 'config.json'), JSON.stringify(options.config));
  const env = {
    PATH: [dirname(process.execPath), process.env['PATH']].join(':'),
    HOME: home,
    SPINDLE_HOME: home,
    OPENAI_BASE_URL: server.url,
    OPENAI_API_KEY: 'sk-canary',
    OPENAI_MODEL: 'stand-in',
    NODE_COMPILE_CACHE: codeCache,
    ...options.env,
  };
  const start = (...argv: readonly string[]) => {
    const child = spawn(process.execPath, [binary, ...argv], { cwd, env });
    children.push(child);
    return child;
  };
  return {
    cwd,
    env,
    server,
    start,
    run: (argv, { stdin = '' } = {}) => {
      const child = start(...argv);
      if (typeof stdin === 'string') child.stdin?.end(stdin);
      return ended(child);
    },
    threads: () => {
      const folder = join(home, 'threads');
      return readdirSync(folder)
        .filter((name) => name.endsWith('.jsonl'))
        .map((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'))
        .map((lines) => lines.map((line) => JSON.parse(line) as Item)); // written by the store
    },
  };
}

/** Commands run unconfined: there is no sandbox on every machine that tests run on. */
export const unconfined = ['--sandbox', 'danger-full-access'] as const;
