import assert from 'node:assert/strict';
import { test } from 'node:test';

import { slug } from '../src/slug.ts';

test('words are joined by hyphens in lower case', () => {
  assert.equal(slug('Hello, Wörld 42!'), 'hello-wörld-42');
});

test('a long title ends at a word', () => {
  assert.equal(slug('one two three', 8), 'one-two');
});
