/** `spindle exec` as it comes: its commands are confined without anything being set. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { makeE2e } from '../../e2e/place.ts';
import { whyNot } from '../../fixtures/sandboxes/bubblewrap.ts';

const skip = await whyNot();
const call = (name: string, args: object) => ({ parts: [{ call: name, args }] });

test(
  'commands of spindle exec write the workspace and nothing else, and see no key',
  { skip },
  async (t) => {
    const command =
      'echo x > made; touch /etc/spindle-was-here; env; cat "$HOME/config.json"; git init -q . ; echo "{}" > .mcp.json';
    const answers = [call('shell', { command }), { text: 'Done.' }];
    const place = await makeE2e(t, { answers, config: { approval: 'never' } });
    const { code, stdout, stderr } = await place.run(['exec', 'go']);
    assert.deepEqual([code, stdout], [0, 'Done.\n'], stderr);
    const [items = []] = place.threads();
    const text = JSON.stringify(items.filter((item) => item.type === 'result'));
    assert.match(text, /spindle-was-here': Read-only file system/);
    assert.match(text, /config\.json: No such file/);
    assert.doesNotMatch(text, /canary/);
    const kept = readdirSync(place.cwd).filter((name) => name !== '.keep');
    assert.deepEqual(kept, ['made']);
    const decisions = items.filter(
      (item) => item.type === 'decision' && item.effect.kind === 'spawn',
    );
    assert.ok(decisions.length > 0);
    assert.match(JSON.stringify(decisions), /"confined":"full"|"confined":"partial"/);
  },
);

test('the search tool finds its program inside, wherever it is installed', { skip }, async (t) => {
  const answers = [call('search', { pattern: 'needle' }), { text: 'Found.' }];
  const place = await makeE2e(t, { answers, files: { 'hay/stack': 'a needle\n' } });
  const { code, stderr } = await place.run(['exec', 'find it']);
  assert.equal(code, 0, stderr);
  const [items = []] = place.threads();
  const results = items.filter((item) => item.type === 'result');
  assert.match(JSON.stringify(results), /hay\/stack/);
});

test('spindle sandbox -- CMD runs it as a tool’s command runs', { skip }, async (t) => {
  const place = await makeE2e(t, { answers: [] });
  const script = 'touch made; touch /usr/made; exec 3<>/dev/tcp/127.0.0.1/1';
  const { code, stderr } = await place.run(['sandbox', '--', 'bash', '-c', script]);
  assert.notEqual(code, 0);
  assert.match(stderr, /\/usr\/made': Read-only file system/);
  assert.ok(existsSync(join(place.cwd, 'made')));
});

test(
  'spindle sandbox names the setting that would allow what it refused; --add-dir adds a writable folder to those of the configuration',
  { skip },
  async (t) => {
    const place = await makeE2e(t, { answers: [], config: { roots: ['../a'] } });
    const [folder, more] = [join(place.cwd, '../a'), join(place.cwd, '../more')];
    for (const path of [folder, more]) mkdirSync(path, { recursive: true });
    const script = 'touch "$0/in-a" && touch "$1/in-more"';
    const command = ['--', 'bash', '-c', script, folder, more];
    const refused = await place.run(['sandbox', '--', 'touch', '/usr/made']);
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /may have refused this: it is read-only \(a folder: --add-dir DIR/,
    );
    const socket = `require('net').createServer().listen('s')`;
    const { stderr } = await place.run(['sandbox', '--', 'node', '-e', socket]);
    assert.match(stderr, /may have refused this: .*bubblewrap\.options\.unixSockets: true/);
    assert.equal((await place.run(['sandbox', ...command])).code, 1);
    const allowed = await place.run(['sandbox', '--add-dir', '../more', ...command]);
    assert.deepEqual([allowed.code, existsSync(join(more, 'in-more'))], [0, true], allowed.stderr);
    assert.match(allowed.stderr, /may write [^\n]*\/a, [^\n]*\/more\n/);
    assert.doesNotMatch(allowed.stderr, /refused/);
  },
);

test(
  'spindle sandbox --explain shows the plan and its limits, and runs nothing',
  { skip },
  async (t) => {
    const place = await makeE2e(t, { answers: [] });
    const { code, stdout, stderr } = await place.run([
      'sandbox',
      '--explain',
      '--',
      'touch',
      'made',
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^bubblewrap confines (fully|in part), workspace-write, network off$/m);
    assert.match(
      stdout,
      /^limits +processes: .+\n +memory: .+\n +\/tmp and the like: \d+ bytes each$/m,
    );
    assert.match(stdout, /^ {2}--cap-drop ALL$/m);
    assert.match(stdout, /^ {2}-- touch made$/m);
    assert.deepEqual(readdirSync(place.cwd), ['.keep']);
    const bare = ['sandbox', '--sandbox', 'danger-full-access', '--explain', '--', 'touch', 'made'];
    assert.match((await place.run(bare)).stdout, /runs in no sandbox/);
  },
);

test(
  'a workspace whose name has a line end, quotes and blanks is confined like any other',
  { skip },
  async (t) => {
    const place = await makeE2e(t, { answers: [] });
    const odd = join(place.cwd, 'a\n"b\' $(c)\\');
    mkdirSync(odd);
    const script = 'echo x > made && cat made; touch ../out; echo {} > .mcp.json';
    const { stdout, stderr } = await place.run([
      'sandbox',
      '--cd',
      odd,
      '--',
      'bash',
      '-c',
      script,
    ]);
    assert.equal(stdout, 'x\n', stderr);
    assert.match(stderr, /\.mcp\.json: Is a directory/);
    assert.deepEqual(readdirSync(place.cwd).toSorted(), ['.keep', 'a\n"b\' $(c)\\']);
    assert.deepEqual(readdirSync(odd), ['made']);
  },
);
