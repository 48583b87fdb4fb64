import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePatch } from '../../../../plugins/tools/patch/parse.ts';
import { chunksOf, failureOf, patchOf, valueOf } from './expect.ts';

const whole = [
  '*** Begin Patch',
  '*** Add File: src/new.ts',
  '+one',
  '+',
  '+two',
  '*** Delete File: old.ts',
  '*** Update File: a.ts',
  '*** Move to: b.ts',
  '@@ class A',
  '@@   method() {',
  ' kept',
  '-gone',
  '+come',
  '@@',
  '+last',
  '*** End of File',
  '*** End Patch',
];

const parsed = {
  sections: [
    { kind: 'add', path: 'src/new.ts', patchLine: 2, text: 'one\n\ntwo\n' },
    { kind: 'delete', path: 'old.ts', patchLine: 6 },
    {
      kind: 'update',
      path: 'a.ts',
      patchLine: 7,
      to: 'b.ts',
      chunks: [
        {
          anchors: ['class A', '  method() {'],
          atEnd: false,
          patchLine: 9,
          lines: [
            { op: ' ', text: 'kept' },
            { op: '-', text: 'gone' },
            { op: '+', text: 'come' },
          ],
        },
        { anchors: [], atEnd: true, patchLine: 14, lines: [{ op: '+', text: 'last' }] },
      ],
    },
  ],
};

describe('parsePatch', () => {
  it('reads add, delete, update, move, anchors and the end-of-file marker', () => {
    assert.deepEqual(valueOf(parsePatch(`${whole.join('\n')}\n`)), parsed);
  });

  const wrappers: readonly [string, string][] = [
    ['without a last newline', whole.join('\n')],
    ['with CRLF', `${whole.join('\r\n')}\r\n`],
    ['with blank lines behind', `${whole.join('\n')}\n\n \n`],
    [
      'with spaces behind its markers',
      whole.map((line) => (/^[@*]/u.test(line) ? `${line}  ` : line)).join('\n'),
    ],
  ];
  for (const [how, text] of wrappers) {
    it(`reads a patch ${how} as the same patch`, () => {
      assert.deepEqual(valueOf(parsePatch(text)), parsed);
    });
  }

  const openings: readonly [string, string][] = [
    ["<<'EOF'", 'EOF'],
    ['<<"PATCH"', 'PATCH'],
    ['apply_patch <<-END', 'END'],
    ['```diff', '```'],
    ['', 'EOF'],
  ];
  for (const [opening, closing] of openings) {
    it(`takes off the wrapper ${JSON.stringify(opening)} … ${closing} and counts lines from its start`, () => {
      const patch = valueOf(parsePatch([opening, ...whole, closing, ''].join('\n')));
      assert.equal(patch.sections.length, 3);
      assert.equal(patch.sections[0]?.patchLine, 3);
    });
  }

  it('takes off an indentation that all lines share', () => {
    assert.deepEqual(valueOf(parsePatch(whole.map((line) => `    ${line}`).join('\n'))), parsed);
  });

  it('reads indented markers outside of chunks', () => {
    const text = '*** Begin Patch \n  *** Update File: foo.txt \n-old\n+new\n  *** End Patch';
    assert.deepEqual(
      valueOf(parsePatch(text)),
      patchOf('*** Update File: foo.txt', '-old', '+new'),
    );
  });

  it('reads an indented marker inside a chunk as context', () => {
    const [chunk, ...others] = chunksOf('@@', ' *** Delete File: important', '-a', ' @@ b');
    assert.deepEqual(others, []);
    assert.deepEqual(
      chunk?.lines.map((line) => line.text),
      ['*** Delete File: important', 'a', '@@ b'],
    );
  });

  it('takes a first chunk without @@', () => {
    assert.deepEqual(chunksOf(' a', '-b')[0]?.anchors, []);
  });

  it('takes an empty line in a chunk for an empty context line', () => {
    assert.deepEqual(chunksOf('@@', ' a', '', '-b')[0]?.lines[1], { op: ' ', text: '' });
  });

  it('takes empty lines below added lines for spacing', () => {
    assert.deepEqual(
      chunksOf('@@ f', '+a', '', '', '@@', '-b').map((chunk) => chunk.lines.length),
      [1, 1],
    );
    assert.deepEqual(
      patchOf('*** Add File: a', '+x', '', '*** Add File: b', '+y', '', '+z').sections.map(
        (one) => one.kind === 'add' && one.text,
      ),
      ['x\n', 'y\n\nz\n'],
    );
  });

  it("passes over git's line numbers and its note on a missing newline", () => {
    const [chunk, other] = chunksOf(
      '@@ -1,2 +1,3 @@ class A',
      '-b',
      '\\ No newline at end of file',
      '@@ -9 +9 @@',
      '-c',
    );
    assert.deepEqual(chunk?.anchors, ['class A']);
    assert.equal(chunk?.lines.length, 1);
    assert.deepEqual(other?.anchors, []);
  });

  it('takes an update that only moves, and a new file without lines', () => {
    const { sections } = patchOf('*** Update File: a', '*** Move to: b', '', '*** Add File: c');
    assert.deepEqual(sections[0], { kind: 'update', path: 'a', to: 'b', patchLine: 2, chunks: [] });
    assert.deepEqual(sections[1], { kind: 'add', path: 'c', patchLine: 5, text: '' });
  });

  it('opens no second chunk for blank lines between two anchors', () => {
    assert.deepEqual(
      chunksOf('@@ class A', '', '@@ class B', '@@ f', '-b').map((chunk) => chunk.anchors),
      [['class A', 'class B', 'f']],
    );
  });

  const faults: readonly [string, readonly string[], RegExp][] = [
    [
      'no begin marker',
      ['--- a', '+++ b'],
      /^patch line 1: expected "\*\*\* Begin Patch" as the first line, got "--- a"; begin/u,
    ],
    ['nothing at all', [''], /^expected "\*\*\* Begin Patch" as the first line, got nothing/u],
    [
      'text before the begin marker',
      ['Here it is:', ...whole],
      /^patch line 1: expected "\*\*\* Begin Patch" .* got "Here it is:"/u,
    ],
    [
      'no end marker',
      whole.slice(0, -1),
      /^patch line 16: expected "\*\*\* End Patch" as the last line, got "\*\*\* End of File"; the patch may have been cut/u,
    ],
    [
      'text after the end marker',
      [...whole, 'Done.'],
      /^patch line 18: expected "\*\*\* End Patch" as the last line, got "Done\."/u,
    ],
    [
      'two patches',
      [...whole, ...whole],
      /^patch line 17: expected one patch, got "\*\*\* End Patch" inside it; put all sections/u,
    ],
    ['only a begin marker', ['*** Begin Patch'], /^patch line 1: expected "\*\*\* End Patch"/u],
    [
      'no section',
      ['*** Begin Patch', '', '*** End Patch'],
      /^expected a file section .*, got an empty patch; add one/u,
    ],
    [
      'lines before a section',
      ['*** Begin Patch', '+a', '*** End Patch'],
      /^patch line 2: expected "\*\*\* Add File: …".* got "\+a"/u,
    ],
    [
      'an unknown section',
      ['*** Begin Patch', '*** Rename File: a', '*** End Patch'],
      /^patch line 2: .* got "\*\*\* Rename File: a"/u,
    ],
    [
      'lines below a delete',
      ['*** Begin Patch', '*** Delete File: a', '-x', '*** End Patch'],
      /^patch line 3: .* got "-x"/u,
    ],
    [
      'a new line without its plus',
      ['*** Begin Patch', '*** Add File: a', '+x', 'y', '*** End Patch'],
      /^patch line 4: expected "\+" before each line of the new file "a".* got "y"; put "\+"/u,
    ],
    [
      'a chunk line without its mark',
      ['*** Begin Patch', '*** Update File: a', '@@', 'y', '*** End Patch'],
      /^patch line 4: expected " ", "\+" or "-" .* got "y"; put a space/u,
    ],
    [
      'a marker written as a context line',
      ['*** Begin Patch', '*** Update File: a', ' x', '***', '*** End Patch'],
      /^patch line 4: .* got "\*\*\*"/u,
    ],
    [
      'an update without chunks',
      ['*** Begin Patch', '*** Update File: a', '*** End Patch'],
      /^patch line 2: expected a chunk or "\*\*\* Move to:" in the update of "a", got none/u,
    ],
    [
      'a chunk without lines',
      ['*** Begin Patch', '*** Update File: a', '@@ f', '', '*** End Patch'],
      /^patch line 3: expected lines .* in the chunk, got none/u,
    ],
    [
      'no path',
      ['*** Begin Patch', '*** Add File: ', '+a', '*** End Patch'],
      /^patch line 2: expected a path after "\*\*\* Add File:", got none/u,
    ],
    [
      'a move below a chunk',
      ['*** Begin Patch', '*** Update File: a', '-x', '*** Move to: b', '*** End Patch'],
      /^patch line 4: expected "\*\*\* Move to:" once, right after/u,
    ],
    [
      'a move of a new file',
      ['*** Begin Patch', '*** Add File: a', '*** Move to: b', '*** End Patch'],
      /^patch line 3: expected "\*\*\* Move to:" once/u,
    ],
    [
      'an end-of-file marker without a chunk',
      ['*** Begin Patch', '*** Update File: a', '*** End of File', '*** End Patch'],
      /^patch line 3: expected the lines of a chunk before/u,
    ],
    [
      'lines below the end-of-file marker',
      ['*** Begin Patch', '*** Update File: a', '-x', '*** End of File', '-y', '*** End Patch'],
      /^patch line 5: expected "@@".* got "-y"/u,
    ],
  ];
  for (const [fault, lines, message] of faults) {
    it(`refuses ${fault}, naming the line, what was expected and what came`, () => {
      const { code, message: said } = failureOf(parsePatch(lines.join('\n')));
      assert.equal(code, 'syntax');
      assert.match(said, message);
    });
  }
});
