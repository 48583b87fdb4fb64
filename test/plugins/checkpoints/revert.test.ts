import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { commitAll, openCheckpoints, patch, sh } from './place.ts';

const files = {
  'a.txt': 'one\ntwo\n',
  'src/b.js': 'const  b=1\n',
  'src/deep/c.bin': new Uint8Array([0, 1, 2, 255]),
  'run.sh': '#!/bin/sh\n',
};

const everything = [
  patch('*** Update File: a.txt', '@@', '-two', '+2', '*** Add File: new/deep/x.txt', '+x'),
  sh("sed -i 's/const  b=1/const b = 1;/' src/b.js"),
  sh('rm -r src/deep && chmod +x run.sh && mkdir -p empty/folder && ln -s a.txt link'),
  sh('printf more >> src/b.js; printf y > y.txt'),
];

for (const kind of ['a repository', 'a folder without git'] as const)
  test(`a turn's patches and commands are taken back byte for byte in ${kind}, and forth again`, async (t) => {
    const thread = await openCheckpoints(t, { files });
    chmodSync(join(thread.cwd, 'a.txt'), 0o640);
    if (kind === 'a repository') commitAll(thread.cwd);
    const before = thread.snapshot();
    await thread.turn(...everything);
    const after = thread.snapshot();
    assert.notDeepEqual(after, before);
    const outcome = await thread.revert();
    assert.deepEqual([outcome.done, outcome.changed, outcome.failed], [true, [], []]);
    assert.deepEqual(thread.snapshot(), before);
    const undone = await thread.undo();
    assert.deepEqual([undone.done, undone.failed], [true, []]);
    assert.deepEqual(thread.snapshot(), after);
  });
