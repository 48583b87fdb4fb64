/** Front matter, and what can be wrong with it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isFault, readFrontMatter } from '../../../plugins/markdown/front-matter.ts';
import { firstHidden } from '../../../plugins/markdown/visible.ts';

test('front matter is taken from the text that follows it, whatever its line ends and byte order mark', async () => {
  const read = await readFrontMatter('\ufeff---\r\nname: a\r\nlist: [x, y]\r\n---\r\n\r\nBody\r\n');
  assert.ok(!isFault(read));
  assert.deepEqual(read.values, { name: 'a', list: ['x', 'y'] });
  assert.equal(read.body, 'Body');
  assert.equal(read.lineOf('list'), 3);
});

const faults: readonly (readonly [title: string, text: string, line: number, reason: RegExp])[] = [
  ['none', 'Body', 1, /expected front matter/],
  ['one without an end', '---\nname: a\n', 1, /has no end/],
  ['broken YAML', '---\nname: a\nlist: [x\n---\n', 3, /cannot be read/],
  ['a colon in a bare text', '---\nname: a\ndescription: when: now\n---\n', 3, /stands in quotes/],
  ['a key twice', '---\nname: a\nname: b\n---\n', 3, /duplicated/],
  ['an alias', '---\na: &x [1]\nb: *x\n---\n', 3, /alias/i],
  ['a tag of code', '---\na: !!js/function "x"\n---\n', 2, /unknown/],
  ['a list', '---\n- a\n---\n', 2, /it holds a list/],
];
for (const [title, text, line, reason] of faults)
  test(`front matter that is ${title} is told with its line`, async () => {
    const read = await readFrontMatter(text);
    assert.ok(isFault(read), JSON.stringify(read));
    assert.equal(read.line, line);
    assert.match(read.reason, reason);
  });

test('the first invisible character is found with its line; those of emoji and scripts are none', () => {
  assert.deepEqual(firstHidden('a\nb\u200bc'), { name: 'U+200B', line: 2 });
  assert.deepEqual(firstHidden('\u202eabc'), { name: 'U+202E', line: 1 });
  assert.equal(
    firstHidden('\ufeffa \u2764\ufe0f \u{1f468}\u200d\u{1f469} \u0645\u06cc\u200c\u062e'),
    undefined,
  );
});
