import assert from 'node:assert/strict';
import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { textOf } from '../../../core/index.ts';
import { ended, makePlace, type Place } from '../../fixtures/front-ends/run.ts';

const patch = '*** Begin Patch\n*** Add File: a.txt\n+one\n*** End Patch';
const script = {
  steps: [
    {
      text: 'I look.',
      calls: [
        { name: 'shell', args: { command: 'echo out; exit 3' } },
        { name: 'apply_patch', args: { patch } },
      ],
      usage: { input: 1500, cached: 1000, output: 30, reasoning: 10 },
    },
    { text: 'It is done.', usage: { input: 2000, cached: 1500, output: 5, reasoning: 0 } },
  ],
};

async function placeWithThread(
  t: Parameters<typeof makePlace>[0],
): Promise<Place & { readonly id: string }> {
  const place = makePlace(t, { script });
  assert.equal((await place.run(['exec', 'mend it, please'])).code, 0);
  const [first] = place.items();
  return { ...place, id: first?.type === 'thread' ? first.id : '' };
}

async function out(place: Place, ...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await place.run(['thread', ...argv]);
  assert.deepEqual([code, stderr], [0, '']);
  return stdout;
}

test('the list names threads of this folder with age, size and first words', async (t) => {
  const place = await placeWithThread(t);
  const [head, row, ...rest] = (await out(place, 'list')).trimEnd().split('\n');
  assert.match(head ?? '', /^THREAD +USED +SIZE +ABOUT$/);
  assert.match(row ?? '', new RegExp(`^${place.id} +just now +[\\d.]+ kB +mend it, please$`));
  assert.deepEqual(rest, []);
  assert.match(await out(place, 'list', '--all'), /FOLDER[\s\S]*\/work +mend it/);
  assert.match(await out(place, 'list', '--archived'), /No thread/);
  assert.match(await out(place, 'list', '--search', 'nothing like it'), /No thread/);
  const [listed] = JSON.parse(await out(place, 'list', '--json'));
  assert.deepEqual([listed.id, listed.preview], [place.id, 'mend it, please']);
});

test('a thread is shown as what was said and done, and found by the start of its id', async (t) => {
  const place = await placeWithThread(t);
  const shown = await out(place, 'show', place.id.slice(0, 13));
  assert.match(shown, /^> mend it, please$/m);
  assert.match(shown, /^I look\.\n\$ echo out; exit 3\n {2}out\n {2}exit 3/m);
  assert.match(shown, /^A a\.txt \+1 -0\n[\s\S]*^ {2}\+one$/m);
  assert.match(shown, /^It is done\.$/m);
  const lines = (await out(place, 'show', '--last', '--json')).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    place.items(),
  );
});

test('usage has tokens for each request: fresh, cached, output and reasoning, and their sum', async (t) => {
  const place = await placeWithThread(t);
  const { requests, total } = JSON.parse(await out(place, 'show', '--last', '--usage', '--json'));
  assert.deepEqual(
    requests.map(({ turn, fresh, cached, output, reasoning }: Record<string, number>) => [
      turn,
      fresh,
      cached,
      output,
      reasoning,
    ]),
    [
      [1, 500, 1000, 20, 10],
      [1, 500, 1500, 5, 0],
    ],
  );
  assert.deepEqual(
    [total.fresh, total.cached, total.output, total.reasoning],
    [1000, 2500, 25, 10],
  );
  assert.match(await out(place, 'show', '--last', '--usage'), /^ *total +1,000 +2,500 +25 +10 /m);
});

test('a copy goes up to an item, prints its id, and can be resumed', async (t) => {
  const place = await placeWithThread(t);
  const copy = (await out(place, 'fork', '--last', '--after', '3')).trim();
  assert.notEqual(copy, place.id);
  const items = (await out(place, 'show', copy, '--json')).trimEnd().split('\n');
  assert.ok(items.length >= 4, `${items.length} items`);
  assert.deepEqual(JSON.parse(items[0] ?? '').fork, { thread: place.id, after: 3 });
  assert.equal((await place.run(['exec', 'resume', copy, 'go on'])).code, 0);
});

test('an export is the thread as one JSON document, or as Markdown', async (t) => {
  const place = await placeWithThread(t);
  assert.deepEqual(JSON.parse(await out(place, 'export', '--last')), {
    thread: place.id,
    items: place.items(),
  });
  const markdown = await out(place, 'export', '--last', '--format', 'markdown');
  assert.match(
    markdown,
    /^## User\n\nmend it, please\n\n## Assistant\n\nI look\.\n\n```console\n\$ echo out; exit 3\nout\n```\n\n\*exit 3\*/m,
  );
  assert.match(markdown, /^```diff\ndiff --git a\/a\.txt b\/a\.txt/m);
});

test('a fence in Markdown is longer than any in what it holds', async (t) => {
  const steps = [
    { calls: [{ name: 'shell', args: { command: "echo '````'" } }] },
    { text: 'Done.' },
  ];
  const place = makePlace(t, { script: { steps } });
  await place.run(['exec', 'x']);
  assert.match(
    await out(place, 'export', '--last', '--format', 'markdown'),
    /^`````console\n[^]*?^````\n`````$/m,
  );
});

test('deleted threads are gone; none is deleted when one of them is not there', async (t) => {
  const place = await placeWithThread(t);
  const refused = await place.run(['thread', 'delete', place.id, 'nosuch']);
  assert.deepEqual([refused.code, refused.stdout], [1, '']);
  assert.equal(await out(place, 'delete', place.id), `${place.id}\n`);
  assert.deepEqual(
    readdirSync(place.threads).filter((name) => name.endsWith('.jsonl')),
    [],
  );
});

test('a start that several ids have is refused with the candidates', async (t) => {
  const place = await placeWithThread(t);
  const copy = (await out(place, 'fork', '--last')).trim();
  const { code, stderr } = await place.run(['thread', 'show', '0']);
  assert.equal(code, 1);
  assert.ok(stderr.includes(place.id) && stderr.includes(copy), stderr);
});

test('what cannot be meant ends with 2 and says what was expected', async (t) => {
  const place = makePlace(t);
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['shwo'], /expected thread list\|show\|fork\|export\|delete\|gc, but got "shwo"/],
    [['show'], /expected one thread: spindle thread show ID\|--last/],
    [['show', 'a', '--last'], /expected one thread/],
    [['fork', 'a', '--after', 'end'], /expected --after to be an item's number, but got "end"/],
    [['export', 'a', '--format', 'xml'], /expected --format json\|markdown, but got "xml"/],
    [['list', '--jsn'], /no flag --jsn/],
  ];
  for (const [argv, message] of cases) {
    const { code, stdout, stderr } = await place.run(['thread', ...argv]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, message);
  }
});

test('a reader that leaves (| head) ends a long export quietly', async (t) => {
  const steps = [{ text: 'word '.repeat(200_000) }];
  const place = makePlace(t, { script: { steps } });
  await place.run(['exec', 'x']);
  const child = place.start('thread', 'export', '--last');
  child.stdout?.once('data', () => child.stdout?.destroy());
  const { code, stderr } = await ended(Object.assign(child, { stdout: null }));
  assert.deepEqual([code, stderr], [0, '']);
});

test('gc tells what whole outputs can be freed, frees them with --yes, and a result that is gone says so', async (t) => {
  const command = 'seq 1 9999';
  const call = { name: 'read_file', args: { path: 'result:seq' } };
  const steps = [
    { when: 'count', calls: [{ name: 'shell', args: { command }, id: 'seq' }] },
    { when: 'count', text: 'Counted.' },
    { when: 'look', calls: [call] },
  ];
  const place = makePlace(t, { script: { steps } });
  assert.equal((await place.run(['exec', 'count'])).code, 0);
  assert.match(
    await out(place, 'gc'),
    /^the rest +1 +48\.9 kB  1 that threads refer to\nnothing to free$/m,
  );

  const folder = join(place.threads, 'blobs');
  const [blob = ''] = readdirSync(folder).filter((name) => !name.startsWith('.'));
  utimesSync(join(folder, blob), 1000, 1000);
  assert.match(await out(place, 'gc'), /would free 48\.9 kB: spindle thread gc --yes/);
  const told = JSON.parse(await out(place, 'gc', '--size', '2G', '--days', '9', '--json'));
  assert.deepEqual([told.applied, told.maxBytes, told.aged.count], [false, 2e9, 1]);
  assert.match(await out(place, 'gc', '--yes'), /^freed 48\.9 kB$/m);
  assert.equal((await place.run(['exec', 'resume', '--last', 'look again'])).code, 0);
  const result = place.items().findLast((item) => item.type === 'result');
  assert.match(
    textOf(result?.content ?? []),
    /result:seq is no longer kept, to save space: make its call again/,
  );

  for (const bad of [['--size', 'big'], ['--days', '0'], ['one']])
    assert.equal((await place.run(['thread', 'gc', ...bad])).code, 2);
});
