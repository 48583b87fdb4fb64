/** Roles of Markdown files, and what can be wrong with them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readRole } from '../../../plugins/agents/role.ts';

const read = (text: string, name = 'reviewer') =>
  readRole({ path: `/x/${name}.md`, by: 'user', standing: 'trusted', text });

test('a role has what its front matter says, and the text that follows as instructions', async () => {
  const text = `---
name: code-reviewer
description: Reviews
  code.
model: inherit
effort: high
tools: read_file, search
sandbox: read-only
colour: blue
---

Look closely.
`;
  assert.deepEqual(await read(text), {
    name: 'code-reviewer',
    description: 'Reviews code.',
    instructions: 'Look closely.',
    effort: 'high',
    tools: ['read_file', 'search'],
    sandbox: 'read-only',
    source: '/x/reviewer.md',
    by: 'user',
    standing: 'trusted',
  });
});

test('without a name a role is called as its file', async () => {
  const role = await read('---\ndescription: d\ntools: [shell]\n---\nx');
  assert.ok('name' in role);
  assert.deepEqual([role.name, role.tools, role.model], ['reviewer', ['shell'], undefined]);
});

const bad: readonly (readonly [what: string, text: string, line: number, reason: RegExp])[] = [
  ['no front matter', 'x', 1, /front matter/],
  ['broken YAML', '---\ndescription: [\n---\nx', 2, /YAML/],
  ['no description', '---\nname: a\n---\nx', 2, /description: .* is missing/],
  ['a long description', `---\ndescription: ${'x'.repeat(1025)}\n---\nx`, 2, /at most 1024/],
  ['a name in capitals', '---\ndescription: d\nname: Bad\n---\nx', 3, /small letters/],
  ['a model that is a number', '---\ndescription: d\nmodel: 4\n---\nx', 3, /expected a text/],
  ['tools that are a number', '---\ndescription: d\ntools: 3\n---\nx', 3, /list of names/],
  [
    'another sandbox',
    '---\ndescription: d\nsandbox: none\n---\nx',
    3,
    /read-only, workspace-write/,
  ],
  ['no instructions', '---\ndescription: d\n---\n', 2, /instructions/],
  ['too many instructions', `---\ndescription: d\n---\n${'x'.repeat(33_000)}`, 2, /at most 32768/],
];
for (const [what, text, line, reason] of bad)
  test(`a role with ${what} is told with its line`, async () => {
    const role = await read(text);
    assert.ok('reason' in role, JSON.stringify(role));
    assert.equal(role.line, line);
    assert.match(role.reason, reason);
  });
