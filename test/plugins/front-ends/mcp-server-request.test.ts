import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readRequest } from '../../../plugins/front-ends/mcp-server/request.ts';

const read = (...argv: readonly string[]) => readRequest(argv, '/work');

test('--http listens on loopback at any free port, at a port, or at HOST:PORT, and says what it expected', () => {
  assert.deepEqual(read().http, undefined);
  assert.deepEqual(read('--http').http, { host: '127.0.0.1', port: 0 });
  assert.deepEqual(read('--http', '4600').http, { host: '127.0.0.1', port: 4600 });
  assert.deepEqual(read('--http', '[::1]:4600').http, { host: '::1', port: 4600 });
  for (const wrong of ['0.0.0.0:x', 'here', '127.0.0.1:70000'])
    assert.throws(() => read('--http', wrong), {
      code: 'invalid',
      message: `expected HOST:PORT after --http, but got "${wrong}"`,
    });
});
