/** Every known way out of the sandbox is tried, as root and as an ordinary user; test/fixtures/escapes has them. */

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { promisify } from 'node:util';

import { has, whoElse, whyNot } from '../../fixtures/sandboxes/bubblewrap.ts';
import { remove } from '../../fixtures/folders.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/escapes');
const program = join(fixtures, 'run.ts');
const isRoot = process.getuid?.() === 0;
const other = isRoot ? whoElse() : [];
const skip = await whyNot();
const skipUser = skip || (other === undefined && 'NOT TESTED: nobody else can read this folder');

/** What run.ts prints. */
interface Outcome {
  readonly row: number;
  readonly name: string;
  readonly output?: string;
  readonly fault?: string;
  readonly skipped?: string;
}

/** Worlds are in /tmp alone: that is what run.ts accepts. */
const base = mkdtempSync('/tmp/spindle-escapes-');
after(() => remove(base));
chmodSync(base, 0o755);
const compiler = ['cc', 'gcc', 'clang'].find((name) => has(name));

function build(source: string, ...args: readonly string[]): string {
  if (compiler === undefined) return '';
  const file = join(base, source.replace('.', '-'));
  execFileSync(compiler, ['-w', '-O1', ...args, '-o', file, join(fixtures, source)]);
  return file;
}

const built = { PROBE: build('probe.c'), PRELOAD: build('preload.c', '-shared', '-fPIC') };

/** The outcome of each attempt, made in a sandbox by root or, with the arguments of setpriv, by somebody else. */
async function attemptAll(
  name: string,
  sandbox: 'bubblewrap' | 'none',
  as: readonly string[] = [],
): Promise<readonly Outcome[]> {
  const folder = join(base, name);
  mkdirSync(join(folder, 'home'), { recursive: true });
  if (as.length > 0)
    for (const one of [folder, join(folder, 'home')]) chownSync(one, 65_534, 65_534);
  const env = {
    ...process.env,
    ...built,
    HOME: join(folder, 'home'),
    NODE_TEST_CONTEXT: undefined,
  };
  const plain = [process.execPath, program, folder, sandbox];
  const [file = '', ...args] = as.length === 0 ? plain : ['setpriv', ...as, ...plain];
  const ran = await promisify(execFile)(file, args, { env, maxBuffer: 2 ** 26 });
  const lines = ran.stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Outcome); // of run.ts
}

function shown(outcomes: readonly Outcome[]): readonly string[] {
  const escaped = outcomes.filter(({ fault }) => fault !== undefined);
  return escaped.map(({ row, name, fault, output }) => `${row} ${name}: ${fault}\n${output}`);
}

suite('attempts to escape', { concurrency: true }, () => {
  test('as root are all held', { skip: skip || (!isRoot && 'it is no root') }, async (t) => {
    const outcomes = await attemptAll('root', 'bubblewrap');
    assert.deepEqual(shown(outcomes), []);
    t.diagnostic(tally(outcomes));
  });

  test('as an ordinary user are all held', { skip: skipUser }, async (t) => {
    const outcomes = await attemptAll('user', 'bubblewrap', other);
    assert.deepEqual(shown(outcomes), []);
    t.diagnostic(tally(outcomes));
  });

  test('succeed mostly without a sandbox, even for a user', { skip: skipUser }, async (t) => {
    const outcomes = await attemptAll('none', 'none', other);
    assert.ok(shown(outcomes).length > 0.6 * outcomes.length, tally(outcomes));
    t.diagnostic(tally(outcomes));
  });
});

function tally(outcomes: readonly Outcome[]): string {
  const skipped = outcomes.filter((one) => one.skipped !== undefined).length;
  const held = outcomes.length - skipped - shown(outcomes).length;
  return `${held} of ${outcomes.length - skipped} attempts held${skipped > 0 ? `, ${skipped} NOT TESTED: there is no C compiler` : ''}`;
}
