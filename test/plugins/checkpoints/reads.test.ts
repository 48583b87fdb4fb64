import assert from 'node:assert/strict';
import { test } from 'node:test';

import { onlyReads } from '../../../plugins/checkpoints/reads.ts';

const reading = [
  'ls -la',
  'cat a.txt | head -5',
  "rg -n 'a b' src && wc -l src/*",
  'grep -rn "x y" . 2>/dev/null || true',
  'git status; git diff --stat',
  'sed -n 1,20p a.txt',
  "sed -n '3p' a b",
  "find . -name '*.ts' -type f",
  'sort a | uniq -c 2>&1',
  'cd src; pwd',
  '/usr/bin/wc -l a.txt; /bin/ls',
  'test -f a.txt && echo yes\necho no',
  String.raw`printf "%s\n" {1..40}`,
];

const writing = [
  'npm test',
  'echo x > a.txt',
  'cat a >> b',
  'ls >/dev/null2',
  "sed -i 's/a/b/' a.txt",
  "sed -n 'w out' a.txt",
  "sed -n '1p;w out' a.txt",
  'sed -n 1p -i a.txt',
  'find . -delete',
  "find . -exec rm '{}' +",
  'find . -fprint out',
  'sort -o out a',
  'sort a --output=out',
  'uniq a b',
  'rg --pre ./x y',
  'tree -o out',
  'tree -ao out',
  'tree -R -L 1',
  'fd -Hx rm',
  'bin/test',
  './ls',
  '/repository/bin/test',
  'ls && ../date',
  'git checkout .',
  'git -C x status',
  'git diff --output=x',
  'git grep -O x',
  'echo $(rm a)',
  'echo `rm a`',
  'echo "$(rm a)"',
  'cat <(rm a)',
  'find . {-delete,-print}',
  String.raw`echo "\$(rm a)"`,
  'X=1 ls',
  'env ls',
  'xargs rm',
  'ls & rm a',
  'ls; rm a',
  'ls\nrm a',
  'ls | tee out',
  'if true; then rm a; fi',
  '(rm a)',
  '{ rm a; }',
  'ls \\\n; rm a',
  '"ls',
  'eval ls',
  '! rm a',
];

for (const command of reading)
  test(`${JSON.stringify(command)} surely only reads`, () => {
    assert.equal(onlyReads(['bash', '-c', command]), true);
  });

for (const command of writing)
  test(`${JSON.stringify(command)} may write`, () => {
    assert.equal(onlyReads(['bash', '-c', command]), false);
  });

test('a program without a shell is judged by its own words', () => {
  assert.equal(onlyReads(['/opt/bin/rg', '--json', 'x']), true);
  assert.equal(onlyReads(['rm', 'x']), false);
  assert.equal(onlyReads(['bin/test', 'x']), false);
  assert.equal(onlyReads(['bash', 'script.sh']), false);
  assert.equal(onlyReads(['bash', '-c', 'ls', 'more']), false);
  assert.equal(onlyReads([]), false);
});
