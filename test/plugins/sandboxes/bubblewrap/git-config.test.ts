import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { identityOf, parseSettings } from '../../../../plugins/sandboxes/bubblewrap/git-config.ts';
import { git } from '../../../fixtures/escapes/world.ts';
import { temporaryFolder } from '../../../fixtures/folders.ts';

const text = `
# a comment
[User]
\tname = "A \\"B\\" C" ; another
\temail=a@b.c
[core "x"]
  hooksPath = one \\
two # three
[include] path = ../own
[includeIf "gitdir:~/work/"]
\tpath = work
[extensions]
\tworktreeConfig
[http "https://x.y/"]
\textraHeader = "Authorization: secret"
[core]
\teditor = 'vi'
\tautocrlf = input
`;

test('settings are read as git reads them', (t) => {
  const file = join(temporaryFolder(t), 'config');
  writeFileSync(file, text);
  const listed = git(temporaryFolder(t), 'config', '-f', file, '--list', '-z')
    .split('\0')
    .filter(Boolean);
  const ours = parseSettings(text).map(({ name, value }) => `${name}\n${value}`);
  // Git tells a name without a value from one whose value is true; for us they are the same.
  assert.deepEqual(
    ours,
    listed.map((one) => (one.includes('\n') ? one : `${one}\ntrue`)),
  );
});

test('who commits is taken along, and nothing else', (t) => {
  const file = join(temporaryFolder(t), 'config');
  writeFileSync(file, text);
  const own = join(temporaryFolder(t), 'own');
  writeFileSync(own, identityOf([file, join(own, 'missing')]));
  const listed = git(temporaryFolder(t), 'config', '-f', own, '--list');
  assert.equal(listed, 'user.name=A "B" C\nuser.email=a@b.c\ncore.autocrlf=input\n');
});

test('a file that cannot be read has no settings', () => {
  assert.equal(identityOf(['/no/such/file', '/']), '');
});
