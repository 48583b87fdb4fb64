/** What every machine keeps to: the suite that each implementation of the slot `machines` runs. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Machine, SpawnPlan, SpawnRequest } from '../../core/index.ts';

const env = { PATH: process.env['PATH'] ?? '' };

interface Folder extends AsyncDisposable {
  readonly path: string;
}

async function makeFolder(): Promise<Folder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'spindle-machine-')));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function serve(
  handler: Parameters<typeof createServer>[1],
): Promise<{ url: string } & AsyncDisposable> {
  const server: Server = createServer(handler as never).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${port}/`, [Symbol.asyncDispose]: close };
}

/** Runs a command to its end; gives its output in order of arrival. */
async function run(
  machine: Machine,
  script: string,
  more: Partial<SpawnRequest & { cwd: string }> = {},
) {
  const plan: SpawnPlan = { file: 'bash', args: ['-c', script], cwd: more.cwd ?? tmpdir(), env };
  let output = '';
  const onOutput = (chunk: Uint8Array) => void (output += Buffer.from(chunk).toString());
  const child = await machine.spawn(plan, { argv: ['bash', '-c', script], onOutput, ...more });
  return { ...(await child.exited), output };
}

export function machineContract(name: string, machine: () => Machine): void {
  files(name, machine);
  processes(name, machine);
  network(name, machine);
}

function files(name: string, machine: () => Machine): void {
  test(`${name}: a path is resolved through links, and what is missing through its nearest folder`, async () => {
    await using folder = await makeFolder();
    await mkdir(join(folder.path, 'real'));
    await symlink(join(folder.path, 'real'), join(folder.path, 'link'));
    const { resolve } = machine();
    assert.equal(resolve('link/new/file', folder.path), join(folder.path, 'real/new/file'));
    assert.equal(resolve('real/../link', folder.path), join(folder.path, 'real'));
    assert.equal(resolve('/', folder.path), '/');
  });

  test(`${name}: a NUL, and a link to nothing, are no paths`, async () => {
    await using folder = await makeFolder();
    await symlink(join(folder.path, 'nowhere'), join(folder.path, 'dangling'));
    assert.throws(() => machine().resolve('a\0b', folder.path), { code: 'invalid' });
    assert.throws(() => machine().resolve('dangling', folder.path), { code: 'not_found' });
  });

  test(`${name}: a file is read whole, in ranges, and beyond its end`, async () => {
    await using folder = await makeFolder();
    const path = join(folder.path, 'file');
    await writeFile(path, '0123456789');
    const read = async (start: number, end: number) =>
      Buffer.from(await machine().read(path, { start, end })).toString();
    assert.equal(Buffer.from(await machine().read(path)).toString(), '0123456789');
    assert.equal(await read(2, 5), '234');
    assert.equal(await read(8, 50), '89');
    assert.equal(await read(20, 30), '');
  });

  test(`${name}: a file of two gigabytes is not read at once, but in ranges`, async () => {
    await using folder = await makeFolder();
    const path = join(folder.path, 'huge');
    const { execFileSync } = await import('node:child_process');
    execFileSync('truncate', ['-s', '2G', path]);
    await assert.rejects(async () => machine().read(path), {
      code: 'invalid',
      message: /read a range/,
    });
    assert.equal((await machine().read(path, { start: 2 ** 31 - 4, end: 2 ** 31 })).length, 4);
  });

  test(`${name}: what is no file is not read, and does not block`, async () => {
    await using folder = await makeFolder();
    const { execFileSync } = await import('node:child_process');
    execFileSync('mkfifo', [join(folder.path, 'pipe')]);
    await assert.rejects(async () => machine().read(join(folder.path, 'pipe')), {
      code: 'invalid',
    });
    await assert.rejects(async () => machine().read(folder.path), { code: 'invalid' });
    await assert.rejects(async () => machine().read(join(folder.path, 'none')), {
      code: 'not_found',
    });
  });

  test(`${name}: writing makes folders, keeps mode and hard links, and cuts what was longer`, async () => {
    await using folder = await makeFolder();
    const path = join(folder.path, 'a/b/file');
    await machine().write(path, 'a long text');
    await chmod(path, 0o755);
    await link(path, join(folder.path, 'twin'));
    await machine().write(path, 'short');
    assert.equal(await readFile(join(folder.path, 'twin'), 'utf8'), 'short');
    assert.equal((await stat(path)).mode & 0o777, 0o755);
    await machine().write(path, 'x', 0o600);
    assert.equal((await machine().stat(path)).mode, 0o600);
  });

  test(`${name}: a link that took the place of a judged path is not followed`, async () => {
    await using folder = await makeFolder();
    await writeFile(join(folder.path, 'outside'), 'safe');
    await mkdir(join(folder.path, 'work'));
    const judged = machine().resolve('work/file', folder.path);
    await symlink(join(folder.path, 'outside'), judged);
    await assert.rejects(async () => machine().write(judged, 'taken'));
    await rm(join(folder.path, 'work'), { recursive: true });
    await mkdir(join(folder.path, 'other'));
    await symlink(join(folder.path, 'other'), join(folder.path, 'work'));
    await assert.rejects(async () => machine().write(judged, 'taken'));
    assert.equal(await readFile(join(folder.path, 'outside'), 'utf8'), 'safe');
    assert.deepEqual(
      await machine().list(join(folder.path, 'other')),
      [],
      'nothing was made behind the link',
    );
  });

  test(`${name}: a folder is listed by name; files and empty folders are removed`, async () => {
    await using folder = await makeFolder();
    await writeFile(join(folder.path, 'b'), 'bb');
    await mkdir(join(folder.path, 'a'));
    const listed = await machine().list(folder.path);
    assert.deepEqual(
      listed.map((one) => [one.name, one.kind]),
      [
        ['a', 'directory'],
        ['b', 'file'],
      ],
    );
    await machine().remove(join(folder.path, 'a'));
    await machine().remove(join(folder.path, 'b'));
    assert.deepEqual(await machine().list(folder.path), []);
    await assert.rejects(async () => machine().remove(join(folder.path, 'b')), {
      code: 'not_found',
    });
  });
}

function processes(name: string, machine: () => Machine): void {
  test(`${name}: a process runs in its folder, and all its output comes before its end`, async () => {
    await using folder = await makeFolder();
    const { output, code } = await run(machine(), 'pwd; seq 1 20000; exit 3', { cwd: folder.path });
    assert.equal(code, 3);
    assert.ok(output.startsWith(`${folder.path}\n`) && output.endsWith('20000\n'));
  });

  test(`${name}: a missing program and a missing folder are told apart`, async () => {
    const plan = { file: 'no-such-program', args: [], cwd: tmpdir(), env };
    const request: SpawnRequest = { argv: ['no-such-program'] };
    await assert.rejects(machine().spawn(plan, request), {
      code: 'not_found',
      message: /no-such-program/,
    });
    const lost = { ...plan, file: 'bash', cwd: '/no/such/folder' };
    await assert.rejects(machine().spawn(lost, request), {
      code: 'not_found',
      message: /no folder \/no\/such\/folder/,
    });
  });

  test(`${name}: what a command leaves in the background ends with it, and does not hold it up`, async () => {
    const started = performance.now();
    const { output } = await run(machine(), 'sleep 60 & echo $!');
    assert.ok(performance.now() - started < 30_000);
    await gone(Number(output));
  });

  test(`${name}: a time limit ends the whole group, even one that ignores SIGTERM`, async () => {
    const { timedOut, output } = await run(
      machine(),
      "trap '' TERM; sleep 60 & echo $!; wait; sleep 60",
      { timeoutMs: 200 },
    );
    assert.equal(timedOut, true);
    await gone(Number(output));
  });

  test(`${name}: an abort ends a process, unless it is kept`, async () => {
    const controller = new AbortController();
    const plan = { file: 'sleep', args: ['60'], cwd: tmpdir(), env };
    const child = await machine().spawn(plan, { argv: ['sleep', '60'], signal: controller.signal });
    controller.abort();
    assert.equal((await child.exited).signal, 'SIGTERM');
    const other = new AbortController();
    const kept = await machine().spawn(plan, { argv: ['sleep', '60'], signal: other.signal });
    kept.keep(undefined);
    other.abort();
    kept.kill('SIGINT');
    assert.equal((await kept.exited).signal, 'SIGINT', 'the abort did not end it, the signal did');
  });

  test(`${name}: input is written and ended; a process without stdin takes none`, async () => {
    let output = '';
    const plan = { file: 'cat', args: [], cwd: tmpdir(), env };
    const onOutput = (chunk: Uint8Array) => void (output += Buffer.from(chunk).toString());
    const child = await machine().spawn(plan, { argv: ['cat'], stdin: true, onOutput });
    await child.write('one\n');
    child.end();
    await child.exited;
    assert.equal(output, 'one\n');
    await assert.rejects(child.write('late'), { code: 'conflict' });
    const closed = await machine().spawn(plan, { argv: ['cat'] });
    await assert.rejects(closed.write('x'), { code: 'conflict' });
    assert.equal((await closed.exited).code, 0);
  });

  test(`${name}: further descriptors are read, and what is to be cleaned up is gone after the end`, async () => {
    await using folder = await makeFolder();
    const left = join(folder.path, 'left');
    await writeFile(left, '');
    let output = '';
    const plan: SpawnPlan = {
      file: 'bash',
      args: ['-c', 'cat <&3'],
      cwd: folder.path,
      env,
      descriptors: [Buffer.from('secret plan').toString('base64')],
      cleanup: [left],
    };
    const onOutput = (chunk: Uint8Array) => void (output += Buffer.from(chunk).toString());
    const child = await machine().spawn(plan, { argv: ['bash'], onOutput });
    await child.exited;
    assert.equal(output, 'secret plan');
    assert.deepEqual(await machine().list(folder.path), []);
  });

  test(`${name}: a descriptor can be a connection to a Unix socket, on which a text was sent`, async () => {
    await using folder = await makeFolder();
    const path = join(folder.path, 'socket');
    const server = createSocketServer((peer) => {
      peer.once('data', (said: Buffer) => {
        setTimeout(() => peer.end(`heard ${String(said)}`), 50); // a program that does not wait would be gone
      });
    });
    server.listen(path);
    await once(server, 'listening');
    await using _closed = { [Symbol.asyncDispose]: async () => void server.close() };
    let output = '';
    const onOutput = (chunk: Uint8Array) => void (output += Buffer.from(chunk).toString());
    const plan: SpawnPlan = {
      file: 'bash',
      args: ['-c', 'cat <&3'],
      cwd: folder.path,
      env,
      descriptors: [`unix:${path}\nmy name`],
    };
    const child = await machine().spawn(plan, { argv: ['bash'], onOutput });
    await child.exited;
    assert.equal(output, 'heard my name');
    await new Promise((resolve) => server.close(resolve));
    const late = machine().spawn(plan, { argv: ['bash'] });
    await assert.rejects(late, { code: 'unreachable' });
  });

  test(`${name}: CONNECT sends nothing: whoever asked connects`, async () => {
    const answer = await machine().fetch('https://127.0.0.1:1/', { method: 'CONNECT' });
    assert.deepEqual([answer.status, await answer.text()], [200, '']);
  });
}

/** Waits until there is no such process; the test's own time limit bounds it. */
async function gone(pid: number): Promise<void> {
  assert.ok(pid > 0);
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function network(name: string, machine: () => Machine): void {
  test(`${name}: an answer comes with status, headers and body, over one kept connection`, async () => {
    const ports = new Set<number | undefined>();
    await using server = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.writeHead(201, { 'X-Kind': 'test' });
      request.pipe(response);
    });
    for (const body of ['one', 'two']) {
      const answer = await machine().fetch(server.url, { method: 'POST', body });
      assert.equal(answer.status, 201);
      assert.equal(answer.headers['x-kind'], 'test');
      assert.equal(await answer.text(), body);
    }
    assert.equal(ports.size, 1);
  });

  test(`${name}: a refused, an unknown and a silent host are unreachable, and no address is invalid`, async () => {
    await using silent = await serve(() => {});
    await assert.rejects(machine().fetch('http://127.0.0.1:1/', {}), { code: 'unreachable' });
    await assert.rejects(machine().fetch('http://no-such-host.invalid/', {}), {
      code: 'unreachable',
    });
    await assert.rejects(machine().fetch(silent.url, { timeoutMs: 50 }), {
      code: 'unreachable',
      message: /50 ms/,
    });
    await assert.rejects(machine().fetch('file:///etc/passwd', {}), { code: 'invalid' });
  });

  test(`${name}: an abort ends a request before its answer and within its body`, async () => {
    await using server = await serve((request, response) => {
      if (request.url === '/body') response.write('begin');
    });
    const before = new AbortController();
    const pending = machine().fetch(server.url, { signal: before.signal });
    before.abort();
    await assert.rejects(pending, { code: 'aborted' });
    const within = new AbortController();
    const answer = await machine().fetch(`${server.url}body`, { signal: within.signal });
    await assert.rejects(async () => {
      for await (const _chunk of answer.body) within.abort();
    });
  });
}
