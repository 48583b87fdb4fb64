/** What people do all day works inside. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import {
  Confined,
  has,
  type Wanted,
  whoElse,
  whyNot,
} from '../../fixtures/sandboxes/bubblewrap.ts';

const skip = await whyNot();

interface Job {
  readonly name: string;
  readonly script: string;
  readonly prints?: RegExp;
  readonly needs?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly wanted?: Wanted;
  readonly unixSockets?: boolean;
}

const author = {
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'b',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'b',
};

const loopback = `
  import { createServer } from 'node:http';
  import { test } from 'node:test';
  test('a server on loopback answers', async () => {
    const server = createServer((_, answer) => answer.end('hello')).listen(0, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    const got = await (await fetch(\`http://127.0.0.1:\${server.address().port}\`)).text();
    server.close();
    if (got !== 'hello') throw new Error(got);
  });`;
const forks = `
  const { fork } = require('node:child_process');
  if (process.send) process.send('from the child');
  else fork(__filename).on('message', console.log);`;
const pool = `
import multiprocessing
if __name__ == '__main__':
    with multiprocessing.get_context('METHOD').Pool(2) as pool:
        print(sum(pool.map(abs, range(-9, 1))))`;
import { remove, temporaryFolder } from '../../fixtures/folders.ts';

const jobs: readonly Job[] = [
  {
    name: 'a commit',
    script: 'echo two > file; git add file; git commit -qm two; git log --oneline | wc -l',
    prints: /^2\n$/,
    needs: 'git',
  },
  {
    name: 'a branch, a merge, a stash and cleaning up',
    script:
      'set -e; git checkout -qb topic; echo t > t; git add t; git commit -qm t; git checkout -q main; git merge -q topic; echo x >> t; git stash -q; git stash pop -q; git checkout -q t; git gc -q; git fsck; git tag v1; git branch -d topic',
    prints: /Deleted branch topic/,
    needs: 'git',
  },
  {
    name: 'npm test with a server on loopback',
    script: 'npm test --silent',
    prints: /pass 1/,
    needs: 'npm',
    files: {
      'package.json':
        '{"type":"module","scripts":{"test":"node --test --test-reporter=spec t.test.js"}}',
      't.test.js': loopback,
    },
  },
  {
    name: 'a fork of Node',
    script: 'node fork.cjs',
    prints: /from the child/,
    files: { 'fork.cjs': forks },
  },
  {
    name: 'a pool of Python processes',
    script: 'python3 pool.py',
    prints: /^45\n$/,
    needs: 'python3',
    files: { 'pool.py': pool.replace('METHOD', 'fork') },
  },
  {
    name: 'a pool of Python processes by a server, with Unix sockets allowed',
    script: 'python3 pool.py',
    prints: /^45\n$/,
    needs: 'python3',
    files: { 'pool.py': pool.replace('METHOD', 'forkserver') },
    unixSockets: true,
  },
  {
    name: 'temporary files',
    script:
      'f=$(mktemp) && echo x > "$f" && d=$(mktemp -d) && mv "$f" "$d/y" && cat "$d/y" && echo z > ~/.cache-x && ls /tmp /var/tmp /dev/shm > /dev/null && echo ok',
    prints: /^x\nok\n$/,
  },
  {
    name: 'pipes',
    script: 'seq 5000 | sort -rn | head -n 1; mkfifo p; echo one > p & cat p',
    prints: /^5000\none\n$/,
  },
  {
    name: 'devices',
    script:
      'head -c 9 /dev/zero | wc -c; head -c 9 /dev/urandom | wc -c; echo x > /dev/null; echo x 2>/dev/null > /dev/full || echo full; head -c 1 /dev/random > /dev/null && echo random; exec 3<>/dev/fd/0; ls /dev/pts/ptmx',
    prints: /^9\n9\nfull\nrandom\n\/dev\/pts\/ptmx\n$/m,
  },
  {
    name: 'a pseudo-terminal',
    script: `python3 -c "import pty; pty.spawn(['sh','-c','test -t 1 && echo terminal'])"`,
    prints: /terminal/,
    needs: 'python3',
  },
  {
    name: 'a build',
    script: `printf '#include <stdio.h>\\nint main(void) { puts("built"); }\\n' > h.c && gcc -o h h.c && ./h && chmod 755 h && install -m 644 h.c copy.c`,
    prints: /^built\n$/,
    needs: 'gcc',
  },
  {
    name: 'an archive unpacked with its modes',
    script:
      'mkdir d; touch d/f; chmod 640 d/f; tar -cf a.tar d; rm -r d; tar -xpf a.tar; stat -c %a d/f',
    prints: /^640\n$/,
  },
  {
    name: 'job control and signals',
    script: 'sleep 100 & kill $!; wait $!; echo $?; kill -9 $$',
    prints: /^143\n$/,
  },
  {
    name: 'the names of users and of the machine',
    script: 'id -un >/dev/null && hostname && getent hosts localhost',
    prints: /localhost/,
  },
  { name: 'input', script: 'cat', prints: /^typed\n$/, wanted: { stdin: true } },
];

for (const job of jobs) {
  const missing = job.needs !== undefined && !has(job.needs) ? `there is no ${job.needs}` : false;
  test(`inside works: ${job.name}`, { skip: skip || missing }, async (t) => {
    const confined = new Confined(t, { unixSockets: job.unixSockets ?? false });
    const { work } = confined;
    for (const [name, text] of Object.entries(job.files ?? {}))
      writeFileSync(join(work, name), text);
    if (job.needs === 'git') makeRepository(work);
    const { PATH = '', HOME = '' } = process.env;
    const env = { PATH, HOME, ...author };
    const child = await confined.start(job.script, { env, ...job.wanted, timeoutMs: 30_000 });
    if (job.wanted?.stdin === true) {
      await child.write('typed\n');
      child.end();
    }
    const { code, timedOut } = await child.exited;
    assert.match(child.printed(), job.prints ?? /^$/, `it ended with ${code}`);
    assert.equal(timedOut, false);
  });
}

const isRoot = process.getuid?.() === 0;
const user = isRoot ? whoElse() : undefined;
const whyAlone = isRoot
  ? user === undefined && 'nobody else can read this folder'
  : 'it is no root';

test('inside all of it works for an ordinary user, too', { skip: skip || whyAlone }, (t) => {
  const env = { ...process.env, HOME: temporaryFolder(t), NODE_TEST_CONTEXT: undefined };
  chmodSync(env.HOME, 0o777);
  const ran = spawnSync(
    'setpriv',
    [...(user ?? []), process.execPath, '--test', import.meta.filename],
    { env },
  );
  assert.equal(ran.status, 0, String(ran.stdout));
});

function makeRepository(folder: string): void {
  const git = (...args: readonly string[]) =>
    execFileSync('git', args, { cwd: folder, stdio: 'ignore' });
  git('init', '-q', '-b', 'main');
  git('-c', 'user.name=a', '-c', 'user.email=b', 'commit', '-q', '--allow-empty', '-m', 'one');
}

test(
  'with Unix sockets allowed, those of the machine in /tmp, home and elsewhere stay out of reach',
  { skip: skip || (!has('python3') && 'there is no python3') },
  async (t) => {
    const one = new Confined(t, { unixSockets: true });
    let connections = 0;
    const places = [temporaryFolder(t), mkdtempSync(join(homedir(), '.spindle-test-'))];
    t.after(() => remove(places[1] ?? ''));
    const paths = [
      ...places.map((folder) => join(folder, 'socket')),
      `\0spindle-test-${process.pid}`,
    ];
    for (const path of paths) {
      const server = createServer((socket) => {
        connections++;
        socket.destroy();
      });
      server.listen({ path });
      await once(server, 'listening');
      t.after(() => server.close());
    }
    writeFileSync(
      join(one.work, 'try.py'),
      `import socket
for path in ${JSON.stringify(paths).replaceAll('\\u0000', '\\0')}:
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        print('reached', path)
    except OSError as error:
        print('held')`,
    );
    const { output } = await one.run('python3 try.py');
    assert.equal(output, 'held\nheld\nheld\n');
    assert.equal(connections, 0);
  },
);
