/** `spindle mcp-server --expose tools` with the fixture plugin, as the kit sees it. */

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { binary } from '../e2e/place.ts';
import { shows } from '../fixtures/front-ends/run.ts';
import { runKit, type Scenario } from './kit.ts';
import { openProxy } from './proxy.ts';

const everything = join(import.meta.dirname, '../fixtures/mcp-conformance/everything.ts');

/** A running server, reached without a token; `judge` has the kit run what its arguments say. */
export interface Judged extends AsyncDisposable {
  readonly judge: (...argv: readonly string[]) => Promise<readonly Scenario[]>;
}

/** Starts the real binary with the plugin named in its configuration. Disposing ends it and removes what it wrote. */
export async function startJudged(): Promise<Judged> {
  await using scope = new AsyncDisposableStack();
  const base = mkdtempSync(join(tmpdir(), 'spindle-conformance-'));
  scope.defer(() => rmSync(base, { recursive: true, force: true }));
  const [home, work] = [join(base, 'home'), join(base, 'work')];
  for (const folder of [home, work]) mkdirSync(folder);
  writeFileSync(join(home, 'config.json'), JSON.stringify({ plugins: { [everything]: true } }));
  const token = crypto.randomUUID();
  const { PATH } = process.env;
  const child = spawn(process.execPath, [binary, 'mcp-server', '--expose', 'tools', '--http'], {
    cwd: work,
    env: { PATH, HOME: home, SPINDLE_HOME: home, SPINDLE_MCP_TOKEN: token },
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  scope.defer(async () => {
    child.kill();
    await exited;
  });
  child.stdout.resume();
  const [, url = ''] =
    /listening on (\S+)\n/.exec(await shows(child.stderr, /listening on .*\n/)) ?? [];
  const proxy = scope.use(await openProxy({ url, token }));
  const owned = scope.move();
  let runs = 0;
  return {
    judge: (...argv) => {
      const folder = join(base, `results-${++runs}`);
      return runKit({ argv: ['server', '--url', proxy.url, ...argv], folder });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
