/** What clients of the app server do themselves: files, commands, search. The real binary over stdio. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { connectClient } from '../fixtures/front-ends/app-client.ts';
import { makeE2e, unconfined } from './place.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

async function connected(t: TestContext, files: Readonly<Record<string, string>> = {}) {
  const { start, cwd } = await makeE2e(t, { answers: [], files });
  const client = await connectClient(t, start('app-server', ...unconfined));
  return { client, cwd, at: (path: string) => join(cwd, path) };
}

test('a client reads, writes, lists, copies and removes files in the workspace', async (t) => {
  const { client, at } = await connected(t, { 'a.txt': 'one' });
  const { dataBase64 } = await client.request('fs/readFile', { path: at('a.txt') });
  assert.equal(Buffer.from(dataBase64, 'base64').toString(), 'one');
  await client.request('fs/writeFile', { path: at('deep/b.txt'), dataBase64: base64('two') });
  assert.equal(readFileSync(at('deep/b.txt'), 'utf8'), 'two');
  await client.request('fs/createDirectory', { path: at('new/er'), recursive: true });
  const { entries } = await client.request('fs/readDirectory', { path: at('new') });
  assert.deepEqual(entries, [{ fileName: 'er', isDirectory: true, isFile: false }]);
  await client.request('fs/copy', {
    sourcePath: at('deep'),
    destinationPath: at('copy'),
    recursive: true,
  });
  assert.equal(readFileSync(at('copy/b.txt'), 'utf8'), 'two');
  await client.request('fs/copy', { sourcePath: at('a.txt'), destinationPath: at('c.txt') });
  assert.equal(readFileSync(at('c.txt'), 'utf8'), 'one');
  await client.request('fs/remove', { path: at('copy'), recursive: true });
  assert.ok(!existsSync(at('copy')));
  await client.request('fs/remove', { path: at('nothing'), force: true });
});

test('a link is told as one, and removing it leaves what it leads to', async (t) => {
  const { client, at } = await connected(t, { 'a.txt': 'one' });
  symlinkSync(at('a.txt'), at('link'));
  const link = await client.request('fs/getMetadata', { path: at('link') });
  assert.deepEqual([link.isSymlink, link.isFile, link.isDirectory], [true, true, false]);
  assert.equal((await client.request('fs/getMetadata', { path: at('a.txt') })).isSymlink, false);
  await client.request('fs/remove', { path: at('link') });
  assert.ok(!existsSync(at('link')) && existsSync(at('a.txt')));
});

test('folders are made and removed whole, and what is not there may be removed, unless a client says otherwise', async (t) => {
  const { client, at } = await connected(t);
  await client.request('fs/createDirectory', { path: at('a/b/c') });
  const whole = await client.refused('fs/remove', { path: at('a'), recursive: false });
  assert.equal(whole.code, -32600);
  await client.request('fs/remove', { path: at('a'), recursive: null });
  assert.ok(!existsSync(at('a')));
  await client.request('fs/remove', { path: at('a') });
  const gone = await client.refused('fs/remove', { path: at('a'), force: false });
  assert.equal(gone.data?.code, 'not_found');
});

test('the workspace itself is looked at, and is not removed; outside of it nothing is looked for', async (t) => {
  const { start, cwd } = await makeE2e(t, { answers: [], files: { 'a.txt': 'one' } });
  const client = await connectClient(t, start('app-server'));
  const { isDirectory, isSymlink } = await client.request('fs/getMetadata', { path: cwd });
  assert.deepEqual([isDirectory, isSymlink], [true, false]);
  const kept = await client.refused('fs/remove', { path: cwd });
  assert.equal(kept.data?.code, 'denied');
  assert.ok(existsSync(join(cwd, 'a.txt')));
  const outside = await client.refused('fuzzyFileSearch', { query: 'a', roots: ['/etc'] });
  assert.equal(outside.data?.code, 'denied');
});

test('what cannot be done with files is refused with its reason', async (t) => {
  const { client, at } = await connected(t, { 'a.txt': 'one' });
  const missing = await client.refused('fs/readFile', { path: at('none') });
  assert.deepEqual([missing.code, missing.data?.code], [-32600, 'not_found']);
  const wrong = await client.refused('fs/readFile', { path: 7 });
  assert.deepEqual([wrong.code, wrong.data?.path], [-32602, 'path']);
  const notBase64 = await client.refused('fs/writeFile', { path: at('x'), dataBase64: '***' });
  assert.deepEqual([notBase64.code, notBase64.data?.path], [-32602, 'dataBase64']);
  const above = await client.refused('fs/createDirectory', {
    path: at('x/y'),
    recursive: false,
  });
  assert.match(above.message, /recursive/u);
  const twice = await client.refused('fs/createDirectory', { path: at('a.txt'), recursive: false });
  assert.equal(twice.data?.code, 'conflict');
  const folder = await client.refused('fs/copy', { sourcePath: at('.'), destinationPath: at('z') });
  assert.match(folder.message, /recursive/u);
  const unknown = await client.refused('fs/unwatch', { watchId: 'w' });
  assert.equal(unknown.code, -32600);
});

test('a watched folder tells of changes until it is unwatched', async (t) => {
  const { client, at, cwd } = await connected(t);
  await client.request('fs/watch', { path: cwd, watchId: 'w' });
  const again = await client.refused('fs/watch', { path: cwd, watchId: 'w' });
  assert.equal(again.data?.code, 'conflict');
  writeFileSync(at('seen.txt'), 'x');
  const changed = await client.until('fs/changed', ({ changedPaths }) =>
    changedPaths.includes(at('seen.txt')),
  );
  assert.equal(changed.watchId, 'w');
  await client.request('fs/unwatch', { watchId: 'w' });
  const gone = await client.refused('fs/watch', { path: at('none'), watchId: 'v' });
  assert.equal(gone.data?.code, 'not_found');
});

test('a command gives its output and exit code', async (t) => {
  const { client, cwd } = await connected(t);
  const command = ['sh', '-c', 'echo out; echo err >&2; echo "$ONE,$HOME"; exit 3'];
  const ran = await client.request('command/exec', { command, cwd, env: { ONE: '1', HOME: null } });
  assert.deepEqual(ran, { exitCode: 3, stdout: 'out\n1,\n', stderr: 'err\n' });
  const capped = await client.request('command/exec', {
    command: ['echo', 'abcdef'],
    cwd,
    outputBytesCap: 3,
  });
  assert.equal(capped.stdout, 'abc');
  const late = await client.request('command/exec', {
    command: ['sleep', '60'],
    cwd,
    timeoutMs: 50,
  });
  assert.equal(late.exitCode, 124);
  const missing = await client.refused('command/exec', { command: ['no-such-program'], cwd });
  assert.equal(missing.data?.code, 'not_found');
  const nothing = await client.refused('command/exec', { command: [] });
  assert.deepEqual([nothing.code, nothing.data?.path], [-32602, 'command']);
});

test('a running command is written to, streams what it says, and is ended', async (t) => {
  const { client, cwd } = await connected(t);
  const streamed = { streamStdin: true, streamStdoutStderr: true, cwd };
  const running = client.request('command/exec', { command: ['cat'], processId: 'c', ...streamed });
  await client.request('command/exec/write', { processId: 'c', deltaBase64: base64('hello\n') });
  const told = await client.until('command/exec/outputDelta');
  assert.deepEqual(told, {
    processId: 'c',
    stream: 'stdout',
    deltaBase64: base64('hello\n'),
    capReached: false,
  });
  await client.request('command/exec/write', { processId: 'c', closeStdin: true });
  assert.deepEqual(await running, { exitCode: 0, stdout: '', stderr: '' });
  const sleeping = client.request('command/exec', {
    command: ['sleep', '60'],
    processId: 's',
    ...streamed,
  });
  const taken = await client.refused('command/exec', { command: ['true'], processId: 's' });
  assert.equal(taken.data?.code, 'conflict');
  await client.request('command/exec/terminate', { processId: 's' });
  assert.equal((await sleeping).exitCode, 143);
  const gone = await client.refused('command/exec/terminate', { processId: 's' });
  assert.equal(gone.data?.code, 'not_found');
  const nameless = await client.refused('command/exec', { command: ['cat'], streamStdin: true });
  assert.deepEqual([nameless.code, nameless.data?.path], [-32602, 'processId']);
  const both = { timeoutMs: 5, disableTimeout: true };
  const clash = await client.refused('command/exec', { command: ['cat'], ...both });
  assert.deepEqual([clash.code, clash.data?.path], [-32602, 'disableTimeout']);
});

test('a command has a terminal of a size that can be changed, and is typed to', async (t) => {
  const { client, cwd } = await connected(t);
  const command = [
    'sh',
    '-c',
    'stty size; echo ready; read line; stty size; echo "got $line"; exit 5',
  ];
  const size = { rows: 10, cols: 40 };
  const running = client.request('command/exec', { command, cwd, processId: 't', tty: true, size });
  let shown = '';
  const until = async (wanted: RegExp) => {
    while (!wanted.test(shown)) {
      const { deltaBase64 } = await client.until('command/exec/outputDelta');
      shown += Buffer.from(deltaBase64, 'base64').toString();
    }
  };
  await until(/10 40\r\nready\r\n/u);
  await client.request('command/exec/resize', { processId: 't', size: { rows: 20, cols: 50 } });
  await client.request('command/exec/write', { processId: 't', deltaBase64: base64('hello\n') });
  await until(/20 50[\s\S]*got hello\r\n/u);
  assert.equal((await running).exitCode, 5);
  const plain = client.request('command/exec', {
    command: ['cat'],
    cwd,
    processId: 'p',
    streamStdin: true,
  });
  const refused = await client.refused('command/exec/resize', { processId: 'p', size });
  assert.match(refused.message, /no terminal/u);
  await client.request('command/exec/write', { processId: 'p', closeStdin: true });
  await plain;
});

test('a client that asks for a narrower sandbox than there is is refused, not run wider', async (t) => {
  const { client, cwd } = await connected(t);
  const refused = await client.refused('command/exec', {
    command: ['true'],
    cwd,
    sandboxPolicy: { type: 'readOnly' },
  });
  assert.match(refused.message, /--sandbox read-only/u);
});

test('files are found by a few letters, once or while they are typed', async (t) => {
  const files = {
    'src/reader.ts': '',
    'src/Writer.ts': '',
    '.gitignore': 'left-out\n',
    'left-out/reader.ts': '',
  };
  const { client, cwd } = await connected(t, files);
  const { files: found } = await client.request('fuzzyFileSearch', {
    query: 'srcrd',
    roots: [cwd],
  });
  assert.deepEqual(
    found.map(({ path, root, match_type, file_name }) => [path, root, match_type, file_name]),
    [['src/reader.ts', cwd, 'file', 'reader.ts']],
  );
  assert.deepEqual(found[0]?.indices, [0, 1, 2, 4, 7]);
  const nowhere = await client.request('fuzzyFileSearch', { query: 'a', roots: [] });
  assert.deepEqual(nowhere.files, []);
  await client.request('fuzzyFileSearch/sessionStart', { sessionId: 's', roots: [cwd] });
  await client.request('fuzzyFileSearch/sessionUpdate', { sessionId: 's', query: 'writer' });
  const told = await client.until('fuzzyFileSearch/sessionUpdated');
  assert.deepEqual([told.query, told.files[0]?.path], ['writer', 'src/Writer.ts']);
  await client.until('fuzzyFileSearch/sessionCompleted');
  await client.request('fuzzyFileSearch/sessionStop', { sessionId: 's' });
  const gone = await client.refused('fuzzyFileSearch/sessionUpdate', {
    sessionId: 's',
    query: 'x',
  });
  assert.equal(gone.code, -32600);
});

test('a command line of the user is a turn of its own, and the model is told of it with the next', async (t) => {
  const { start, cwd, server } = await makeE2e(t, { answers: [{ text: 'I saw it.' }] });
  const client = await connectClient(t, start('app-server', ...unconfined));
  const { thread } = await client.request('thread/start', { cwd });
  const threadId = thread.id;
  await client.request('thread/shellCommand', { threadId, command: 'echo from the user' });
  const { item } = await client.until('item/completed');
  assert.ok(item.type === 'commandExecution', item.type);
  assert.deepEqual(
    [item.source, item.status, item.aggregatedOutput, item.exitCode],
    ['userShell', 'completed', 'from the user\n', 0],
  );
  await client.until('turn/completed');
  await client.request('turn/start', { threadId, input: [{ type: 'text', text: 'and?' }] });
  await client.until('turn/completed', ({ turn }) => turn.items.length > 0);
  assert.match(server.requests[0]?.body ?? '', /The user ran a command:.*echo from the user/u);
});

test('a command line of the user that runs on is ended by an interrupt of its turn, and with its thread', async (t) => {
  const { start, cwd } = await makeE2e(t, { answers: [] });
  const client = await connectClient(t, start('app-server', ...unconfined));
  const { thread } = await client.request('thread/start', { cwd });
  const threadId = thread.id;
  const command = 'echo begun; sleep 600';
  await client.request('thread/shellCommand', { threadId, command });
  const { turnId } = await client.until('item/commandExecution/outputDelta');
  await client.request('turn/interrupt', { threadId, turnId });
  const { item } = await client.until('item/completed');
  assert.ok(item.type === 'commandExecution', item.type);
  assert.deepEqual([item.status, item.aggregatedOutput], ['failed', 'begun\n']);
  const { turn } = await client.until('turn/completed');
  assert.deepEqual([turn.id, turn.status], [turnId, 'interrupted']);
  assert.equal((await client.refused('turn/interrupt', { threadId, turnId })).code, -32600);
  await client.request('thread/shellCommand', { threadId, command });
  await client.until('item/commandExecution/outputDelta');
  await client.request('thread/archive', { threadId });
  const { turn: second } = await client.until('turn/completed');
  assert.equal(second.status, 'interrupted');
});
