import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import * as fc from 'fast-check';

import { tools, type Content, type Plugin, type ToolResult } from '../../../core/index.ts';
import bounds, { options, type BoundsOptions } from '../../../plugins/around/bounds.ts';
import { orientationOf, sizeOf } from '../../../plugins/around/bounds/header.ts';
import { upright } from '../../../plugins/around/bounds/upright.ts';
import { openToolThread, type ToolThread } from '../../contracts/tool-thread.ts';
import { claiming, picture } from '../../fixtures/pictures.ts';

/** A tool that gives this result, as an MCP server may. */
function giving(result: ToolResult): Plugin {
  const give = { name: 'give', description: 'gives', inputSchema: { type: 'object' } };
  return {
    name: 'giving',
    api: 1,
    setup: (host) => void host.add(tools, { ...give, run: () => result }),
  };
}

function open(t: TestContext, result: ToolResult, config?: BoundsOptions): Promise<ToolThread> {
  return openToolThread(t, { plugins: [bounds(config), giving(result)] });
}

async function fitted(t: TestContext, content: readonly Content[], config?: BoundsOptions) {
  const thread = await open(t, { content }, config);
  return (await thread.call('give', {})).content;
}

function image(bytes: Uint8Array, mimeType: string): Content {
  return { type: 'image', data: Buffer.from(bytes).toString('base64'), mimeType };
}

function shownSize(one: Content | undefined) {
  assert.ok(one?.type === 'image', `expected an image, but got ${JSON.stringify(one)}`);
  return { mimeType: one.mimeType, ...sizeOf(Buffer.from(one.data, 'base64')) };
}

function textOf(one: Content | undefined): string {
  return one?.type === 'text' ? one.text : '';
}

for (const [type, as] of [
  ['png', 'image/png'],
  ['jpeg', 'image/jpeg'],
  ['webp', 'image/png'],
  ['gif', 'image/png'],
] as const) {
  test(`a large ${type} is scaled to the limit with its aspect, and a note says so`, async (t) => {
    const content = [image(picture(type, 600, 200), `image/${type}`)];
    const [made, note, ...more] = await fitted(t, content, { imageEdge: 300 });
    assert.deepEqual(shownSize(made), { mimeType: as, width: 300, height: 100 });
    assert.match(textOf(note), /^\[the image was scaled from 600×200 \(.* MB\) to 300×100\]$/);
    assert.deepEqual(more, []);
  });
}

/** What shows how an image stands: two pixels of a picture with three. */
const corner = {
  width: 3,
  height: 2,
  data: Uint8Array.from([1, 2, 3, 4, 5, 6].flatMap((n) => [n, 0, 0, 255])),
};

test('every orientation of Exif is turned upright', () => {
  const seen = Array.from({ length: 8 }, (_, at) => {
    const { width, data } = upright(corner, at + 1);
    const first = Array.from({ length: 6 }, (_one, pixel) => data[pixel * 4]);
    return `${width}: ${first.join('')}`;
  });
  const turned = ['3: 123456', '3: 321654', '3: 654321', '3: 456123'];
  assert.deepEqual(seen, [...turned, '2: 142536', '2: 415263', '2: 635241', '2: 362514']);
});

test('a photograph that lies on its side is scaled upright', async (t) => {
  const photo = lyingDown(picture('jpeg', 600, 200));
  const [made, note] = await fitted(t, [image(photo, 'image/jpeg')], { imageEdge: 300 });
  assert.deepEqual(shownSize(made), { mimeType: 'image/jpeg', width: 100, height: 300 });
  assert.match(textOf(note), /from 600×200 .* to 100×300/);
});

/** The same JPEG with an Exif segment that says 6: to be turned to the right. */
function lyingDown(jpeg: Buffer): Buffer {
  const tiff = '4d4d002a00000008000101120003000000010006000000000000';
  const content = Buffer.concat([Buffer.from('Exif\0\0'), Buffer.from(tiff, 'hex')]);
  const head = Buffer.from([0xff, 0xe1, 0, content.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), head, content, jpeg.subarray(2)]);
}

test('an image with too many bytes becomes a JPEG, and smaller until it fits', async (t) => {
  const noise = picture('png', 400, 400);
  const [made] = await fitted(t, [image(noise, 'image/png')], { dataBytes: 3000 });
  const { mimeType, width = 0, height } = shownSize(made);
  assert.equal(mimeType, 'image/jpeg');
  assert.ok(width === height && width < 400);
  assert.ok(made?.type === 'image' && Buffer.from(made.data, 'base64').length <= 3000);
});

test('what fits is left as it is, whatever it is', async (t) => {
  const content: readonly Content[] = [
    { type: 'text', text: 'see' },
    image(picture('png', 30, 20), 'image/png'),
    image(Buffer.from('no image at all'), 'image/heic'),
    { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' },
    { type: 'resource', resource: { uri: 'file:///a', blob: 'AAAA' } },
    { type: 'resource_link', uri: 'file:///b', name: 'b' },
  ];
  assert.deepEqual(await fitted(t, content), content);
});

test('what cannot be made to fit gives way to a note that says why, and the call has its result', async (t) => {
  const big = Buffer.alloc(5000, 7);
  const broken = picture('png', 600, 200).subarray(0, 900);
  const content: readonly Content[] = [
    image(broken, 'image/png'),
    image(claiming(60_000, 60_000), 'image/png'),
    image(big, 'image/heic'),
    { type: 'audio', data: big.toString('base64'), mimeType: 'audio/wav' },
    { type: 'resource', resource: { uri: 'file:///a', blob: big.toString('base64') } },
  ];
  const notes = (await fitted(t, content, { imageEdge: 300, dataBytes: 4000 })).map(textOf);
  assert.equal(notes.length, 5);
  const expected = [
    /^\[left out: image\/png of 0\.001 MB, 600×200, where at most 0\.004 MB and 300 pixels.*could not be made smaller \(it is broken/,
    /60000×60000.*too many pixels/,
    /image\/heic of 0\.005 MB.*this kind of image cannot be made smaller/,
    /^\[left out: audio\/wav of 0\.005 MB, where at most 0\.004 MB can be shown\]$/,
    /^\[left out: application\/octet-stream of 0\.005 MB/,
  ];
  for (const [at, pattern] of expected.entries()) assert.match(notes[at] ?? '', pattern);
});

test('more images than a result may have are counted and left out', async (t) => {
  const content = Array.from({ length: 7 }, () => image(picture('png', 4, 4), 'image/png'));
  const all = await fitted(t, content, { dataCount: 5 });
  assert.equal(all.filter(({ type }) => type === 'image').length, 5);
  assert.equal(textOf(all.at(-1)), '[2 left out: more than 5 images or files at once]');
});

test('a detail is cut where it is long, and is nothing but its weight when that does not help', async (t) => {
  const plan = [{ step: 'one', status: 'pending' }];
  const detail = { plan, diff: 'x'.repeat(500_000), exitCode: 0 };
  const thread = await open(t, { content: [], detail });
  const kept = (await thread.call('give', {})).detail;
  assert.ok(JSON.stringify(kept).length < 262_144);
  assert.deepEqual([kept?.['plan'], kept?.['exitCode']], [plan, 0]);
  assert.match(String(kept?.['diff']), /^x+\n\[… 467232 characters left out …\]\nx+$/);

  const wide = Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`key ${at}`, at]));
  const other = await open(t, { content: [], detail: wide }, { detailBytes: 1000 });
  const { detail: left } = await other.call('give', {});
  assert.match(String(left?.['leftOut']), /^\d+ bytes$/);
});

test('front ends have images fitted beforehand, and are told of those that cannot be', async (t) => {
  const thread = await open(t, { content: [] }, { imageEdge: 300 });
  const fit = (content: readonly Content[], signal?: AbortSignal) =>
    thread.client.call('content/fit', { content }, signal);
  const large = image(picture('png', 600, 200), 'image/png');
  const { content } = (await fit([large])) as { content: readonly Content[] };
  assert.equal(shownSize(content[0]).width, 300);
  await assert.rejects(fit([image(claiming(60_000, 60_000), 'image/png')]), {
    code: 'invalid',
    message: /60000×60000/,
  });
  await assert.rejects(thread.client.call('content/fit', {}), { code: 'invalid' });
  await assert.rejects(fit([large], AbortSignal.abort(new Error('left'))), /left/);
});

test('the size of an image is read from any bytes without a fault', () => {
  const starts = ['', '89504e47', 'ffd8', '47494638', '52494646000000005745425056503858'];
  fc.assert(
    fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 60 }), (start, rest) => {
      const bytes = Buffer.concat([Buffer.from(start, 'hex'), rest]);
      const size = sizeOf(bytes);
      assert.ok(orientationOf(bytes) >= 1);
      assert.ok(size === undefined || (size.width > 0 && size.height > 0));
    }),
  );
});

test('the options take what is documented and nothing else', async () => {
  const schema = await options();
  assert.ok(
    schema.safeParse({ imageEdge: 1568, dataBytes: 1, dataCount: 1, detailBytes: 1 }).success,
  );
  for (const bad of [{ imageEdge: 0 }, { edge: 1 }]) assert.ok(!schema.safeParse(bad).success);
});
