// 09 company plugin — acme.js fits on a screen; config.json beside it loads it into the real program. `node examples/09-company-plugin/company-plugin.ts`
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'spindle-acme-'));
try {
  // The user's folder, with the plugin beside the configuration that names it, and a repository to work in.
  cpSync(import.meta.dirname, join(folder, 'home'), { recursive: true });
  writeFileSync(join(folder, 'CODEOWNERS'), 'billing/ @acme/payments\nweb/ @acme/web\n');
  const spindle = join(import.meta.dirname, '..', '..', 'config', 'spindle.cjs');
  const env = { ...process.env, SPINDLE_HOME: join(folder, 'home') };
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [spindle, ...args], { cwd: folder, env, encoding: 'utf8' });

  const { stdout, stderr, status } = run('exec', 'Whose is billing/invoice.ts? Then push.');
  process.stderr.write(stderr);
  process.stdout.write(stdout);
  assert.equal(status, 0);
  assert.equal(stdout.trim(), "[ticket] is the payments team's, and main stays as it is.");

  const listed = run('plugin', 'list').stdout;
  for (const name of ['acme-rules', 'owner', 'acme-main']) assert.match(listed, new RegExp(name));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
