/** This Mac, as plans need it. */

import { existsSync, mkdtempSync, realpathSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { planSeatbelt, program, type SeatbeltGround, type SeatbeltOptions } from './plan.ts';

const timeoutMs = 5000;
const stateVariables = ['SPINDLE_HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'CODEX_HOME'];

/** Makes a folder for temporary files, mode 0700; it is the caller's to remove. */
export function makeGround(options: SeatbeltOptions): SeatbeltGround {
  const machineTmp = realpathSync(tmpdir());
  const own = stateVariables.map((name) => process.env[name] ?? '');
  return {
    home: realpathSync(homedir()),
    hidden: [
      machineTmp,
      ...own.filter((path) => existsSync(path)).map((path) => realpathSync(path)),
    ],
    tmp: mkdtempSync(join(machineTmp, 'spindle-')),
    options,
  };
}

/** Runs a program that does nothing; what went wrong, if anything did. */
export function tryOut(ground: SeatbeltGround): string | undefined {
  if (!existsSync(program)) return `there is no ${program}`;
  const env = { PATH: '/usr/bin:/bin' };
  const request = { argv: ['/usr/bin/true'], cwd: '/', env, roots: [], mode: 'read-only' } as const;
  const { file, args } = planSeatbelt({ ...request, network: false }, ground);
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const done = spawnSync(file, args, { env, encoding: 'utf8', timeout: timeoutMs });
  if (done.status === 0) return undefined;
  const said = (done.stderr ?? '').trim().split('\n')[0] ?? '';
  return `${program} does not work here (it does not inside another sandbox): ${said || String(done.error ?? done.status)}`;
}
