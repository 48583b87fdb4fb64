/** What every front end must do, whoever wrote it: run as a program of its own, as `spindle NAME …` runs it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { ended, makePlace, type PlaceOptions } from '../fixtures/front-ends/run.ts';

/** One front end under test. */
export interface FrontEndCase {
  readonly name: string;
  /** Arguments with which it does something and ends with 0. */
  readonly works: readonly string[];
  /** Arguments with which it is still busy when a signal comes; absent for one that never takes long. */
  readonly busy?: readonly string[];
  readonly place?: PlaceOptions;
}

/** Registers the suite for one front end. */
export function testFrontEnd({ name, works, busy, place: options }: FrontEndCase): void {
  test(`${name}: what it does is on stdout, and the exit code is 0`, async (t) => {
    const { code, stdout } = await makePlace(t, options).run([name, ...works]);
    assert.equal(code, 0);
    assert.notEqual(stdout, '');
    assert.ok(stdout.endsWith('\n'), 'expected whole lines');
    assert.ok(!stdout.includes('\u001b'), 'expected no escape codes where there is no terminal');
  });

  test(`${name}: an unknown flag is exit code 2, named on stderr, with nothing on stdout`, async (t) => {
    const { code, stdout, stderr } = await makePlace(t, options).run([
      name,
      '--no-such-flag',
      ...works,
    ]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, new RegExp(`^spindle ${name}: .*--no-such-flag`, 'm'));
    assert.doesNotMatch(stderr, /\n {4}at /, 'expected no stack');
  });

  test(`${name}: a reader that left before the first word is no crash`, async (t) => {
    const child = makePlace(t, options).start(name, ...works);
    child.stdin?.end();
    child.stdout?.destroy();
    const { code, stderr } = await ended(Object.assign(child, { stdout: null }));
    assert.ok(code === 0 || code === 1, `got ${code}`);
    assert.doesNotMatch(stderr, /EPIPE|\n {4}at /);
  });

  if (busy === undefined) return;
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    test(`${name}: ${signal} ends it within two seconds with ${code}`, async (t) => {
      const child = makePlace(t, options).start(name, ...busy);
      await once(child.stderr ?? child, 'data');
      const started = performance.now();
      child.kill(signal);
      assert.equal((await ended(child)).code, code);
      assert.ok(performance.now() - started < 2000);
    });
  }
}
