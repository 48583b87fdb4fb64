import assert from 'node:assert/strict';
import { test } from 'node:test';

import viewImage from '../../../plugins/tools/view-image.ts';
import { openToolThread, textOfResult } from '../../contracts/tool-thread.ts';
import { toolContract } from '../../contracts/tools.ts';

const images = {
  png: ['image/png', '89504e470d0a1a0a0000000d49484452'],
  jpeg: ['image/jpeg', 'ffd8ffe000104a46'],
  gif: ['image/gif', '474946383961'],
  webp: ['image/webp', '524946460000000057454250'],
} as const;

const files = {
  'p.png': Buffer.from(images.png[1], 'hex'),
  'b.bmp': Buffer.from('424d3600000000000000', 'hex'),
  'a.txt': 'text',
  'huge.png': Buffer.concat([Buffer.from(images.png[1], 'hex'), Buffer.alloc(30_000_000)]),
};

toolContract('view_image', {
  plugin: () => viewImage(),
  files,
  valid: { path: 'p.png' },
  invalid: [
    { args: {}, names: 'path' },
    { args: { path: 'gone.png' }, names: 'gone.png' },
    { args: { path: '.' }, names: 'directory' },
    { args: { path: 'a.txt' }, names: 'a.txt is no known image' },
    { args: { path: 'b.bmp' }, names: 'b.bmp is image/bmp: convert it first' },
    { args: { path: 'huge.png' }, names: 'at most 30.0 MB, but huge.png has 30.0 MB' },
  ],
});

test('an image is known by its bytes, whatever its name', async (t) => {
  for (const [mimeType, hex] of Object.values(images)) {
    const bytes = Buffer.from(hex, 'hex');
    const thread = await openToolThread(t, { plugins: [viewImage()], files: { 'x.txt': bytes } });
    const result = await thread.call('view_image', { path: 'x.txt' });
    assert.deepEqual(result.content, [{ type: 'image', data: bytes.toString('base64'), mimeType }]);
    assert.deepEqual(result.detail, { path: 'x.txt', mimeType, bytes: bytes.length });
    assert.equal(textOfResult(result), `[image ${mimeType}]`);
  }
});
