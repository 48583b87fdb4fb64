import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failureOf, update, valueOf } from './expect.ts';

interface Case {
  readonly what: string;
  readonly before: string;
  readonly patch: readonly string[];
  readonly after: string;
}

const twins = 'class A:\n  def f(self):\n    return 1\n\nclass B:\n  def f(self):\n    return 1\n';

const cases: readonly Case[] = [
  { what: 'replaces a line', before: 'a\nb\nc\n', patch: [' a', '-b', '+x'], after: 'a\nx\nc\n' },
  { what: 'deletes a line', before: 'a\nb\nc\n', patch: ['-b'], after: 'a\nc\n' },
  { what: 'deletes all lines', before: 'a\nb\n', patch: ['-a', '-b'], after: '' },
  {
    what: 'puts lines in at the very beginning',
    before: 'a\n',
    patch: ['+x', ' a'],
    after: 'x\na\n',
  },
  {
    what: 'applies chunks in order',
    before: 'a\nb\nc\nd\n',
    patch: ['@@', '-a', '+1', '@@', ' c', '+2'],
    after: '1\nb\nc\n2\nd\n',
  },
  {
    what: 'adds to the end without an anchor',
    before: 'a\nb\n',
    patch: ['@@', '+c'],
    after: 'a\nb\nc\n',
  },
  { what: 'adds to an empty file', before: '', patch: ['@@', '+c', '+d'], after: 'c\nd\n' },
  {
    what: 'adds below an anchor',
    before: 'a\nb\nc\n',
    patch: ['@@ b', '+x', '+y'],
    after: 'a\nb\nx\ny\nc\n',
  },
  {
    what: 'adds to the end, whatever the anchor, with the end-of-file marker',
    before: 'a\nb\n',
    patch: ['@@ a', '+x', '*** End of File'],
    after: 'a\nb\nx\n',
  },
  {
    what: 'takes the first place below an anchor',
    before: twins,
    patch: ['@@ class A:', '-    return 1', '+    return 2'],
    after: twins.replace('1', '2'),
  },
  {
    what: 'takes a later place by its anchor',
    before: twins,
    patch: ['@@ class B:', '-    return 1', '+    return 2'],
    after: twins.replace(/1\n$/u, '2\n'),
  },
  {
    what: 'narrows down by several anchors',
    before: twins,
    patch: ['@@ class B:', '@@ def f(self):', '+    # here'],
    after: twins.replace(/f\(self\):\n    return 1\n$/u, 'f(self):\n    # here\n    return 1\n'),
  },
  {
    what: 'takes the same anchor twice in a row for its second place',
    before: 'it {\n  a\n}\nit {\n  a\n}\n',
    patch: ['@@ it {', '@@ it {', '-  a', '+  b'],
    after: 'it {\n  a\n}\nit {\n  b\n}\n',
  },
  {
    what: 'takes the beginning of a line for an anchor',
    before: 'class Abc(X):\n a\nclass Ab(X):\n a\n',
    patch: ['@@ class Ab', '- a', '+ b'],
    after: 'class Abc(X):\n a\nclass Ab(X):\n b\n',
  },
  {
    what: 'takes a part of a line for an anchor',
    before: 'export async function f() {\n a\n}\n a\n',
    patch: ['@@ function f()', '- a', '+ b'],
    after: 'export async function f() {\n b\n}\n a\n',
  },
  {
    what: 'takes an anchor that is repeated as the first line of the chunk',
    before: 'x\ndef f():\n  a\n',
    patch: ['@@ def f():', ' def f():', '-  a', '+  b'],
    after: 'x\ndef f():\n  b\n',
  },
  {
    what: 'takes the same anchor for two chunks',
    before: 'class A:\n  a\n  b\n',
    patch: ['@@ class A:', '-  a', '+  1', '@@ class A:', '-  b', '+  2'],
    after: 'class A:\n  1\n  2\n',
  },
  {
    what: 'settles a chunk by the one before',
    before: 'x\na\ny\nx\n',
    patch: ['@@', '-a', '+b', '@@', '-x', '+z'],
    after: 'x\nb\ny\nz\n',
  },
  {
    what: 'settles a chunk by the one behind',
    before: 'x\na\nx\n',
    patch: ['@@', '-x', '+z', '@@', '-a', '+b'],
    after: 'z\nb\nx\n',
  },
  {
    what: 'settles as many equal chunks as there are places',
    before: 'x\na\nx\n',
    patch: ['@@', '-x', '+1', '@@', '-x', '+2'],
    after: '1\na\n2\n',
  },
  {
    what: 'settles a chunk by the end-of-file marker',
    before: 'x\na\nx\n',
    patch: ['-x', '+z', '*** End of File'],
    after: 'x\na\nz\n',
  },
  {
    what: 'lets blank lines follow the end-of-file chunk',
    before: 'x\na\nx\n\n',
    patch: ['-x', '+z', '*** End of File'],
    after: 'x\na\nz\n\n',
  },
  {
    what: 'prefers an exact place to a tolerant one',
    before: '  a\na\n',
    patch: ['-a', '+b'],
    after: '  a\nb\n',
  },
  {
    what: 'prefers trailing whitespace ignored to all whitespace ignored',
    before: '  a\na \n',
    patch: ['-a', '+b'],
    after: '  a\nb\n',
  },
  {
    what: 'prefers whitespace ignored to Unicode read as ASCII',
    before: '  - a\n– a\n',
    patch: ['-- a', '+b'],
    after: 'b\n– a\n',
  },
  {
    what: 'keeps trailing whitespace of context lines',
    before: 'a  \nb\t\nc\n',
    patch: [' a', '-b', '+x', ' c '],
    after: 'a  \nx\nc\n',
  },
  {
    what: 'keeps the indentation of context lines',
    before: '\ta\n\tb\n',
    patch: ['   a', '-  b', '+\tx'],
    after: '\ta\n\tx\n',
  },
  {
    what: 'reads dashes, quotes and spaces of Unicode as ASCII and keeps them',
    before: '“a” – ‘b’\u00A0c\nd\n',
    patch: [' "a" - \'b\' c', '-d', '+e'],
    after: '“a” – ‘b’\u00A0c\ne\n',
  },
  {
    what: 'does without empty context at the end of a chunk',
    before: 'a\nb\nc\n',
    patch: ['@@', ' a', '-b', '', '@@', '-c'],
    after: 'a\n',
  },
  {
    what: 'takes an empty line for an empty context line',
    before: 'a\n\nb\n',
    patch: [' a', '', '-b'],
    after: 'a\n\n',
  },
  {
    what: 'keeps CRLF and gives it to added lines',
    before: 'a\r\nb\r\n',
    patch: [' a', '-b', '+x', '+y'],
    after: 'a\r\nx\r\ny\r\n',
  },
  {
    what: 'keeps each ending of a mixed file and gives added lines that of their neighbour',
    before: 'a\r\nb\nc\r\nd\n',
    patch: [' a', '+x', ' b', '+y', ' c'],
    after: 'a\r\nx\r\nb\ny\nc\r\nd\n',
  },
  {
    what: 'gives a line put in at the beginning the ending of the next',
    before: 'a\r\nb\n',
    patch: ['+x', ' a'],
    after: 'x\r\na\r\nb\n',
  },
  {
    what: 'keeps a missing final newline when the last line is replaced',
    before: 'a\nb',
    patch: ['-b', '+x'],
    after: 'a\nx',
  },
  {
    what: 'keeps a missing final newline when lines are added',
    before: 'a\r\nb',
    patch: ['@@', '+x', '+y'],
    after: 'a\r\nb\r\nx\r\ny',
  },
  {
    what: 'keeps a missing final newline when the last line is deleted',
    before: 'a\nb',
    patch: ['-b'],
    after: 'a',
  },
  {
    what: 'adds no final newline to a single line without one',
    before: 'a',
    patch: ['+x', ' a'],
    after: 'x\na',
  },
  {
    what: 'keeps a byte order mark, above a line put in too',
    before: '\uFEFFa\nb\n',
    patch: ['+x', ' a'],
    after: '\uFEFFx\na\nb\n',
  },
  {
    what: 'takes a lone CR for a character of its line',
    before: 'a\rb\nc\n',
    patch: [' a\rb', '-c'],
    after: 'a\rb\n',
  },
];

describe('applyUpdate', () => {
  for (const { what, before, patch, after } of cases) {
    it(what, () => {
      assert.equal(valueOf(update(before, ...patch)), after);
    });
  }

  it('refuses a chunk that fits in two places, and says where, what stands above each and how to choose', () => {
    const { code, message } = failureOf(update(twins, '-    return 1', '+    return 2'));
    assert.equal(code, 'ambiguous');
    assert.match(
      message,
      /^chunk 1 \(patch line 3\): expected one place, but it fits 2 equally well: line 3 \(in "class A:", "def f\(self\):"\), line 7 \(in "class B:", "def f\(self\):"\)\. Say which one: .*"@@ …"/u,
    );
  });

  const ambiguous: readonly [string, string, readonly string[], RegExp][] = [
    [
      'an anchor that stands twice',
      twins,
      ['@@ def f(self):', '-    return 1'],
      /line 3 .* line 7 .*another line above it/u,
    ],
    [
      'an anchor that stands twice above added lines',
      twins,
      ['@@ def f(self):', '+    x'],
      /line 3 .* line 7 /u,
    ],
    [
      'one line of three equal ones',
      'x\nx\nx\n',
      ['-x'],
      /line 1 \(the beginning of the file\), line 2 \(after "x"\), line 3 /u,
    ],
    [
      'two chunks for three places',
      'x\nx\nx\n',
      ['-x', '@@', '-x'],
      /^chunk 1 .* line 1 .*, line 2 /u,
    ],
    [
      'a chunk above which one is settled but not enough',
      'a\nx\nx\n',
      ['-a', '@@', '-x'],
      /^chunk 2 \(patch line 4\).* line 2 .* line 3 /u,
    ],
    [
      'two places that match equally when whitespace is ignored',
      ' x\n  x\n',
      ['-x'],
      /line 1 .* line 2 /u,
    ],
    [
      'a chunk in two blocks, naming the lines they stand under and not those beside them',
      'if a:\n  x = 1\n  y\nif b:\n  x = 2\n  y\n',
      ['-  y'],
      /line 3 \(in "if a:"\), line 6 \(in "if b:"\)/u,
    ],
    [
      'very many places, of which it shows five',
      'x\n'.repeat(9),
      ['-x'],
      /fits 9 equally well: .*line 5 \(after "x"\), and 4 more\./u,
    ],
  ];
  for (const [what, before, patch, message] of ambiguous) {
    it(`refuses ${what}`, () => {
      const failed = failureOf(update(before, ...patch));
      assert.equal(failed.code, 'ambiguous', failed.message);
      assert.match(failed.message, message);
    });
  }

  const missing: readonly [string, string, readonly string[], RegExp][] = [
    [
      'lines of which one differs, naming it',
      'one\ntwo\nthree\nfour\n',
      [' one', ' twos', ' three', '-four'],
      /^chunk 1 \(patch line 3\): its lines are not in the file\. The most similar place begins at line 1; at line 2 the patch expects "twos", the file has "two"\. Send/u,
    ],
    [
      'a single line, naming the most similar one',
      'alpha = 1\nbeta = 2\n',
      ['-betta = 2'],
      /begins at line 2; at line 2 the patch expects "betta = 2", the file has "beta = 2"/u,
    ],
    [
      'lines of which only one is similar, giving where they would begin',
      'x\ny\nalpha = 1\nz\n',
      [' p', ' q', '-alphas = 1'],
      /begins at line 1; at line 1 the patch expects "p", the file has "x"/u,
    ],
    [
      'lines that go beyond the end',
      'one\ntwo\n',
      [' two', '-three'],
      /at line 3 the patch expects "three", the file has no such line/u,
    ],
    [
      'lines like nothing in the file',
      'one\ntwo\n',
      ['-xyz'],
      /Nothing in the file is similar\. Read the file again/u,
    ],
    ['lines of an empty file', '', ['-xyz'], /Nothing in the file is similar/u],
    [
      'a chunk out of order',
      'a\nb\nc\n',
      ['-c', '@@', '-a'],
      /^chunk 2 \(patch line 4\): its lines are at line 1, but the chunk before it reaches to line 3\. Put the chunks in the order/u,
    ],
    [
      'a chunk that overlaps the one before',
      'a\nb\nc\n',
      ['-a', ' b', '@@', ' b', '-c'],
      /its lines are at line 2, but the chunk before it reaches to line 2/u,
    ],
    [
      'lines above their anchor',
      'a\nb\nc\n',
      ['@@ c', '-a'],
      /its lines are at line 1, above its anchor "c" \(line 3\)/u,
    ],
    [
      'lines that do not end the file',
      'a\nb\n',
      ['-a', '*** End of File'],
      /its lines are at line 1, but "\*\*\* End of File" says they end the file, which has 2 lines/u,
    ],
    [
      'an unknown anchor, naming a similar line',
      'class Foo:\n a\n',
      ['@@ class Fooo:', '- a'],
      /no line of the file is the anchor "class Fooo:"\. The most similar is line 1, "class Foo:"/u,
    ],
    [
      'an anchor that is not below the one before',
      'b\na\n',
      ['@@ a', '@@ b', '+x'],
      /the anchor "b"/u,
    ],
    [
      'a patch that was applied before, saying so',
      'a\nnew\nc\n',
      [' a', '-old', '+new', ' c'],
      /already at line 1: it may have been applied before/u,
    ],
    [
      'lines added below an anchor that an earlier chunk has passed',
      'a\nb\nc\n',
      ['-c', '@@ a', '+x'],
      /its anchor is at line 1, but the chunk before it reaches to line 3/u,
    ],
  ];
  for (const [what, before, patch, message] of missing) {
    it(`refuses ${what}`, () => {
      const failed = failureOf(update(before, ...patch));
      assert.equal(failed.code, 'not-found', failed.message);
      assert.match(failed.message, message);
    });
  }
});
