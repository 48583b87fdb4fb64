/** Images on their way to the model, as the real binary sends them. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { sizeOf } from '../../plugins/around/bounds/header.ts';
import { connectClient } from '../fixtures/front-ends/app-client.ts';
import { claiming, picture } from '../fixtures/pictures.ts';
import { makeE2e, unconfined, type E2e } from './place.ts';

/** The sizes of the images in the last request. */
function sentSizes({ server }: E2e) {
  const body = server.requests.at(-1)?.body ?? '';
  const found = [...body.matchAll(/data:image\/(?:png|jpeg);base64,([A-Za-z0-9+/=]+)/g)];
  return found.map(([, data = '']) => sizeOf(Buffer.from(data, 'base64')));
}

test('large images of --image and of view_image reach the model scaled, with a note', async (t) => {
  const look = { parts: [{ call: 'view_image', args: { path: 'wide.png' } }] };
  const place = await makeE2e(t, { answers: [look, { text: 'Seen.' }] });
  writeFileSync(join(place.cwd, 'wide.png'), picture('png', 3000, 300));
  writeFileSync(join(place.cwd, 'photo.jpg'), picture('jpeg', 2000, 4096));
  const argv = ['exec', ...unconfined, '--image', 'photo.jpg', 'what is it?'];
  const { code, stderr } = await place.run(argv);
  assert.equal(code, 0, stderr);
  assert.deepEqual(sentSizes(place), [
    { width: 1000, height: 2048 },
    { width: 2048, height: 205 },
  ]);
  assert.match(place.server.requests.at(-1)?.body ?? '', /scaled from 3000×300 /);
});

test('an image that cannot be made to fit is refused by --image, naming the file', async (t) => {
  const place = await makeE2e(t, { answers: [] });
  writeFileSync(join(place.cwd, 'bomb.png'), claiming(60_000, 60_000));
  const { code, stderr } = await place.run(['exec', '--image', 'bomb.png', 'what is it?']);
  assert.equal(code, 2);
  assert.match(stderr, /--image .*bomb\.png: .*60000×60000.*too many pixels/);
  assert.equal(place.server.requests.length, 0);
});

test('images that a client of the app server sends are scaled too, and one that cannot be is refused', async (t) => {
  const place = await makeE2e(t, { answers: [{ text: 'Seen.' }] });
  const client = await connectClient(t, place.start('app-server'));
  const { thread } = await client.request('thread/start', { cwd: place.cwd });
  const say = (bytes: Buffer) => ({
    threadId: thread.id,
    input: [
      { type: 'text' as const, text: 'what is it?' },
      { type: 'image' as const, url: `data:image/png;base64,${bytes.toString('base64')}` },
    ],
  });
  await client.request('turn/start', say(picture('png', 3000, 300)));
  await client.until('turn/completed', () => true);
  assert.deepEqual(sentSizes(place), [{ width: 2048, height: 205 }]);
  await assert.rejects(
    client.request('turn/start', say(claiming(60_000, 60_000))),
    /too many pixels/,
  );
});
