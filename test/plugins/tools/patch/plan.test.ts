import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { patchPaths, planPatch } from '../../../../plugins/tools/patch/plan.ts';
import type { Change, PlanOptions, Source } from '../../../../plugins/tools/patch/plan.ts';
import type { Outcome, PatchFailure } from '../../../../plugins/tools/patch/patch.ts';
import { failureOf, patchOf, valueOf } from './expect.ts';

type Files = Readonly<Record<string, Source>>;

const files: Files = {
  'a.txt': 'a\n',
  'dir/b.txt': 'b\r\n',
  'bin.dat': 'x\0y\n',
  folder: { unreadable: 'is a folder' },
};

function plan(lines: readonly string[], options?: PlanOptions): Outcome<readonly Change[]> {
  return planPatch(patchOf(...lines), (path) => files[path], options);
}

interface Case {
  readonly what: string;
  readonly patch: readonly string[];
  readonly changes: readonly Change[];
}

const cases: readonly Case[] = [
  {
    what: 'plans an add, an update, a delete in the order of the patch',
    patch: [
      '*** Add File: new.txt',
      '+n',
      '*** Update File: a.txt',
      '-a',
      '+x',
      '*** Delete File: dir/b.txt',
    ],
    changes: [
      { kind: 'add', path: 'new.txt', after: 'n\n' },
      { kind: 'update', path: 'a.txt', before: 'a\n', after: 'x\n' },
      { kind: 'delete', path: 'dir/b.txt', before: 'b\r\n' },
    ],
  },
  {
    what: 'plans a move with a change of the text',
    patch: ['*** Update File: dir/b.txt', '*** Move to: c.txt', '-b', '+x'],
    changes: [{ kind: 'move', path: 'dir/b.txt', to: 'c.txt', before: 'b\r\n', after: 'x\r\n' }],
  },
  {
    what: 'plans a move alone',
    patch: ['*** Update File: a.txt', '*** Move to: c.txt'],
    changes: [{ kind: 'move', path: 'a.txt', to: 'c.txt', before: 'a\n', after: 'a\n' }],
  },
  {
    what: 'takes a move to the same path for an update',
    patch: ['*** Update File: a.txt', '*** Move to: ./a.txt', '-a', '+x'],
    changes: [{ kind: 'update', path: 'a.txt', before: 'a\n', after: 'x\n' }],
  },
  {
    what: 'takes a delete and an add of one path for an update that keeps the line endings',
    patch: ['*** Delete File: dir/b.txt', '*** Add File: dir/b.txt', '+x', '+y'],
    changes: [{ kind: 'update', path: 'dir/b.txt', before: 'b\r\n', after: 'x\r\ny\r\n' }],
  },
  {
    what: 'passes over an add of what is there already, and over an update that changes nothing',
    patch: [
      '*** Add File: a.txt',
      '+a',
      '*** Update File: dir/b.txt',
      '-b',
      '+b',
      '*** Add File: new.txt',
      '+n',
    ],
    changes: [{ kind: 'add', path: 'new.txt', after: 'n\n' }],
  },
  {
    what: 'lets a folder take the place of a deleted file',
    patch: ['*** Delete File: a.txt', '*** Add File: a.txt/b', '+x'],
    changes: [
      { kind: 'delete', path: 'a.txt', before: 'a\n' },
      { kind: 'add', path: 'a.txt/b', after: 'x\n' },
    ],
  },
  {
    what: 'reads ./, // and inner .. in paths',
    patch: ['*** Update File: ./dir/..//a.txt', '-a', '+x'],
    changes: [{ kind: 'update', path: 'a.txt', before: 'a\n', after: 'x\n' }],
  },
];

interface Refusal {
  readonly what: string;
  readonly patch: readonly string[];
  readonly code: PatchFailure['code'];
  readonly message: RegExp;
}

const refusals: readonly Refusal[] = [
  {
    what: 'an add over another file',
    patch: ['*** Add File: a.txt', '+b'],
    code: 'conflict',
    message:
      /^a\.txt: expected no file there, but there is one; change it with "\*\*\* Update File:", or put "\*\*\* Delete File:"/u,
  },
  {
    what: 'an update of a missing file',
    patch: ['*** Update File: no.txt', '-a'],
    code: 'missing',
    message: /^no\.txt: expected a file, but there is none; check the path/u,
  },
  {
    what: 'a delete of a missing file',
    patch: ['*** Delete File: no.txt'],
    code: 'missing',
    message: /^no\.txt: /,
  },
  {
    what: 'a replacement of a missing file',
    patch: ['*** Delete File: no.txt', '*** Add File: no.txt', '+x'],
    code: 'missing',
    message: /^no\.txt: /,
  },
  {
    what: 'two updates of one file',
    patch: ['*** Update File: a.txt', '-a', '*** Update File: ./a.txt', '-a'],
    code: 'conflict',
    message: /^a\.txt: expected one section for each file, got two/u,
  },
  {
    what: 'an add and then a delete of one file',
    patch: ['*** Add File: n', '+x', '*** Delete File: n'],
    code: 'conflict',
    message: /^n: expected one section/u,
  },
  {
    what: 'two deletes and an add of one file',
    patch: ['*** Delete File: a.txt', '*** Delete File: a.txt', '*** Add File: a.txt'],
    code: 'conflict',
    message: /^a\.txt: expected one section/u,
  },
  {
    what: 'two moves onto one path',
    patch: [
      '*** Update File: a.txt',
      '*** Move to: n',
      '*** Update File: dir/b.txt',
      '*** Move to: n',
    ],
    code: 'conflict',
    message: /^n: expected one section/u,
  },
  {
    what: 'a move onto a file',
    patch: ['*** Update File: a.txt', '*** Move to: dir/b.txt'],
    code: 'conflict',
    message: /^a\.txt: expected no file at dir\/b\.txt to move onto/u,
  },
  {
    what: 'a move onto a folder',
    patch: ['*** Update File: a.txt', '*** Move to: folder'],
    code: 'conflict',
    message: /expected no file at folder/u,
  },
  {
    what: 'a file below a new file',
    patch: ['*** Add File: n', '+x', '*** Add File: n/m/o', '+y'],
    code: 'conflict',
    message: /^n\/m\/o: expected its folder to be a folder, but the patch makes n a file/u,
  },
  {
    what: 'an update of a binary file',
    patch: ['*** Update File: bin.dat', '-x'],
    code: 'unreadable',
    message: /^bin\.dat: expected a text file, but it is binary/u,
  },
  {
    what: 'a delete of what cannot be read',
    patch: ['*** Delete File: folder'],
    code: 'unreadable',
    message: /^folder: expected a text file, but it is a folder/u,
  },
  {
    what: 'an add over what cannot be read',
    patch: ['*** Add File: folder', '+x'],
    code: 'conflict',
    message: /^folder: expected no file there/u,
  },
  {
    what: 'a chunk that fits nowhere, naming the file',
    patch: ['*** Update File: a.txt', '-zzz'],
    code: 'not-found',
    message: /^a\.txt: chunk 1 \(patch line 3\): its lines are not in the file/u,
  },
  {
    what: 'a patch that changes nothing',
    patch: ['*** Add File: a.txt', '+a'],
    code: 'unchanged',
    message: /^expected a patch that changes something/u,
  },
];

describe('planPatch', () => {
  for (const { what, patch, changes } of cases) {
    it(what, () => {
      assert.deepEqual(valueOf(plan(patch)), changes);
    });
  }

  for (const { what, patch, code, message } of refusals) {
    it(`refuses ${what}`, () => {
      const failed = failureOf(plan(patch));
      assert.equal(failed.code, code, failed.message);
      assert.match(failed.message, message);
    });
  }

  it('gives no change at all when one section of several fails, and names every section that does', () => {
    const outcome = plan([
      '*** Update File: a.txt',
      '-a',
      '*** Update File: no.txt',
      '-a',
      '*** Delete File: bin.dat',
    ]);
    assert.ok(!outcome.ok);
    assert.deepEqual(Object.keys(outcome), ['ok', 'failures']);
    assert.deepEqual(
      outcome.failures.map(({ code, path }) => [code, path]),
      [
        ['missing', 'no.txt'],
        ['unreadable', 'bin.dat'],
      ],
    );
  });

  const outside = [
    '/etc/passwd',
    '../x',
    'a/../../x',
    'a/./../../x',
    'C:\\x',
    '\\\\host\\x',
    'a\\..\\..\\x',
    'a\\b/../../x',
    'x\0y',
    '.',
    'dir/',
    'dir/..',
  ];
  for (const path of outside) {
    it(`refuses the path ${JSON.stringify(path)}`, () => {
      const failed = failureOf(plan([`*** Add File: ${path}`, '+x']));
      assert.equal(failed.code, 'path');
      assert.match(
        failed.message,
        /^patch line 2: expected the path of a file, relative to the workspace, got "/u,
      );
    });
  }

  it('refuses a move out of the workspace', () => {
    assert.equal(failureOf(plan(['*** Update File: a.txt', '*** Move to: ../a.txt'])).code, 'path');
  });

  it('takes an absolute path inside the workspace, and none beside it', () => {
    const root = { root: '/home/me/work' };
    const inside = plan(['*** Delete File: /home/me/work/dir/b.txt'], root);
    assert.deepEqual(valueOf(inside), [{ kind: 'delete', path: 'dir/b.txt', before: 'b\r\n' }]);
    for (const path of [
      '/home/me/workshop/x',
      '/home/me/work/../x',
      '/home/me/work',
      '/home/me/work//etc/x',
    ]) {
      assert.equal(failureOf(plan([`*** Add File: ${path}`, '+x'], root)).code, 'path', path);
    }
  });

  it('reads only the paths that patchPaths names', () => {
    const patch = patchOf(
      '*** Update File: ./a.txt',
      '*** Move to: c/../d.txt',
      '*** Delete File: ../x',
      '*** Add File: n',
      '*** Delete File: n',
    );
    assert.deepEqual(patchPaths(patch), ['a.txt', 'd.txt', 'n']);
    const seen: string[] = [];
    planPatch(
      patchOf('*** Update File: ./a.txt', '*** Move to: c/../d.txt', '*** Add File: n'),
      (path) => {
        seen.push(path);
        return files[path];
      },
    );
    assert.deepEqual(new Set(seen), new Set(patchPaths(patch)));
  });
});
