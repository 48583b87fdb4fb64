/** A disk that is full, as the real binary meets it: a small file system of its own, and no room left in it. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import type { Item } from '../../core/index.ts';
import { ended, type Ended } from '../fixtures/front-ends/run.ts';
import type { Answer } from '../fixtures/model-server.ts';
import { binary, makeE2e, unconfined } from './place.ts';

/** A namespace in which anyone may mount. */
const namespace = ['unshare', '--user', '--map-root-user', '--mount'] as const;
const [unshare, ...flags] = namespace;
const probe = spawnSync(unshare, [...flags, 'mount', '-t', 'tmpfs', 'none', '/mnt']);
const skip = probe.status === 0 ? false : 'expected unshare to be there and to be allowed';

/** Runs a script with a file system of 256 KB in the place of the threads; afterwards they are in `out`. */
async function onSmallDisk(t: TestContext, answers: readonly Answer[], script: string) {
  const place = await makeE2e(t, { answers });
  const threads = join(place.env['SPINDLE_HOME'] ?? '', 'threads');
  const out = join(place.cwd, '../out');
  mkdirSync(threads, { mode: 0o700 });
  const lines = [
    'mount -t tmpfs -o size=256k,mode=700 none "$THREADS"',
    script,
    'rm -f "$THREADS/filler"; cp -r "$THREADS" "$OUT"',
  ];
  const spindle = `'${process.execPath}' '${binary}'`;
  const env = {
    ...place.env,
    THREADS: threads,
    OUT: out,
    EXEC: `${spindle} exec ${unconfined.join(' ')}`,
  };
  const child = spawn(unshare, [...flags, 'sh', '-c', lines.join('\n')], { cwd: place.cwd, env });
  t.after(() => child.kill('SIGKILL'));
  const run = await ended(child);
  const file = readdirSync(out).find((name) => name.endsWith('.jsonl'));
  assert.ok(file !== undefined, run.stderr);
  const text = readFileSync(join(out, file), 'utf8');
  const items = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Item); // the store's
  return { run, items };
}

const codes = ({ stdout }: Ended) => [...stdout.matchAll(/code (\d+)/g)].map(([, code]) => code);

const looks = (command: string, times: number): Answer => ({
  parts: [{ call: 'shell', args: { command } }],
  times,
});

for (const [what, command, full] of [
  ['the thread does not fit', 'seq 1000 5000', 6],
  ['the whole of a long output does not fit', 'seq 100000 140000', 1],
] as const) {
  test(
    `when ${what} the error says to make room, the thread stays intact, and the next turn is possible`,
    { skip },
    async (t) => {
      const answers = [
        looks(command, full),
        { text: 'All seen.' },
        { text: 'Good.' },
        { text: 'Good.' },
      ];
      const script = [
        'head -c 150000 /dev/zero > "$THREADS/filler"',
        'eval "$EXEC look"; echo "code $?"',
        'rm "$THREADS/filler"; rm -rf "$THREADS/blobs"',
        'eval "$EXEC resume --last again"; echo "code $?"',
      ].join('\n');
      const { run, items } = await onSmallDisk(t, answers, script);
      const [first, second] = codes(run);
      assert.equal(second, '0', run.stderr);
      if (first === '0') {
        const result = items.find((item) => item.type === 'result');
        assert.match(JSON.stringify(result), /cannot write .*blobs.*ENOSPC.*make room/);
      } else
        assert.match(
          run.stderr,
          /cannot write .*\.jsonl \(ENOSPC: no space left on device.*make room/,
        );
      const ns = items.map(({ n }) => n);
      assert.deepEqual(
        ns,
        ns.map((_, at) => at),
        'no item is lost or torn',
      );
      const calls = items.flatMap((item) => (item.type === 'call' ? [item.call] : []));
      const results = items.flatMap((item) => (item.type === 'result' ? [item.call] : []));
      assert.deepEqual(results, calls, 'each call has its result');
      assert.ok(items.findLast((item) => item.type === 'end')?.type === 'end');
      const said = items.flatMap((item) => (item.type === 'assistant' ? [item.text] : []));
      assert.ok(said.some((text) => ['Good.', 'All seen.'].includes(text)));
    },
  );
}
