import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  createKernel,
  KernelError,
  ModelError,
  models,
  type ErrorCode,
  type ErrorOptions,
  type ModelEvent,
  type Plugin,
} from '../../../core/index.ts';
import retry, { options, type RetryOptions } from '../../../plugins/around/retry.ts';
import local from '../../../plugins/machines/local.ts';
import {
  aroundModelContract,
  callThrough,
  delta,
  done,
  text,
  wrapperOf,
  type Attempt,
} from '../../contracts/around-model.ts';

const quick = { baseMs: 1 };
const nothing: readonly ModelEvent[] = [];

aroundModelContract('retry', () => retry());

function fails(code: ErrorCode, details: ErrorOptions = {}, shown = false): Attempt {
  return async function* () {
    if (shown) yield delta('a');
    throw new ModelError(code, `${code} it is`, details);
  };
}

const answers: Attempt = async function* () {
  yield text('b');
  yield done;
};

const cut: Attempt = async function* () {
  yield text('a');
};

const late: Attempt = async function* () {
  yield text('a');
  yield done;
  throw new ModelError('model_busy', 'too late');
};

async function call(config: RetryOptions, attempts: readonly Attempt[], signal?: AbortSignal) {
  return callThrough(await wrapperOf(retry(config)), attempts, signal);
}

test('a busy model is asked again, with a notice for each time', async () => {
  const result = await call(quick, [fails('model_busy'), fails('model_busy'), answers]);
  assert.deepEqual(result.events, [text('b'), done]);
  assert.equal(result.attempts, 3);
  assert.deepEqual(
    result.notices.map((notice) => notice.replace(/in [\d.]+ s/, 'in T')),
    [
      'model_busy it is: trying again in T (attempt 2 of 5)',
      'model_busy it is: trying again in T (attempt 3 of 5)',
    ],
  );
});

test('what had been shown of a failed attempt is taken back', async () => {
  const result = await call(quick, [fails('model_busy', {}, true), answers]);
  assert.deepEqual(
    result.events.map((event) => event.type),
    ['delta', 'restart', 'output', 'done'],
  );
});

test('a stream that ends without its end was cut, and is tried again', async () => {
  const result = await call(quick, [cut, answers]);
  assert.deepEqual(
    result.events.map((event) => event.type),
    ['output', 'restart', 'output', 'done'],
  );
  assert.match(result.notices.join(), /cut off/);
});

test('a failure after the end of an answer does not count', async () => {
  const result = await call(quick, [late]);
  assert.deepEqual(result.events, [text('a'), done]);
  assert.equal(result.error, undefined);
});

test('after the last attempt the failure comes out with its code, status and number of attempts', async () => {
  const result = await call({ ...quick, attempts: 3 }, [
    fails('model_busy', { status: 429, plugin: 'm' }),
  ]);
  assert.equal(result.attempts, 3);
  assert.ok(result.error instanceof ModelError);
  assert.equal(result.error.code, 'model_busy');
  assert.equal(result.error.status, 429);
  assert.equal(result.error.plugin, 'm');
  assert.equal(result.error.message, 'model_busy it is (given up after 3 attempts)');
});

test('what a retry cannot mend is tried once', async () => {
  const codes: readonly ErrorCode[] = [
    'model_refused',
    'model_context',
    'model_answer',
    'model_config',
    'denied',
  ];
  for (const code of codes) {
    const result = await call(quick, [fails(code)]);
    assert.equal(result.attempts, 1, code);
    assert.ok(result.error instanceof KernelError && result.error.code === code);
  }
});

test('a host that cannot be reached is tried again, but not beyond its time', async () => {
  const mended = await call(quick, [fails('model_unreachable'), answers]);
  assert.deepEqual(mended.events, [text('b'), done]);
  const result = await call({ baseMs: 1, attempts: 1000, unreachableMs: 60 }, [
    fails('model_unreachable'),
  ]);
  assert.ok(result.error instanceof ModelError && result.error.code === 'model_unreachable');
  assert.ok(result.attempts > 2);
  assert.ok(result.tookMs < 1000);
});

test('a host that is not trusted is tried once', async () => {
  for (const code of [
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ]) {
    const tls = Object.assign(new Error('tls'), { code });
    const cause = new KernelError('unreachable', 'fetch', { cause: tls });
    const result = await call(quick, [fails('model_unreachable', { cause })]);
    assert.equal(result.attempts, 1, code);
  }
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  assert.equal(
    (await call(quick, [fails('model_unreachable', { cause: refused }), answers])).attempts,
    2,
  );
});

test('the wait that the host asks for is kept, up to the cap, which is told', async () => {
  const kept = await call({ baseMs: 100_000 }, [
    fails('model_busy', { retryAfterMs: 40 }),
    answers,
  ]);
  assert.ok(kept.tookMs >= 38, `${kept.tookMs}`);
  const day = await call({ maxWaitMs: 30 }, [
    fails('model_busy', { retryAfterMs: 86_400_000 }),
    answers,
  ]);
  assert.ok(day.tookMs < 1000);
  assert.match(day.notices.join(), /the host asked for 86400 s, but at most 0 s is waited/);
});

test('the waits grow, and no one waits longer than the cap', async () => {
  const result = await call({ baseMs: 2, attempts: 6, maxWaitMs: 40 }, [fails('model_busy')]);
  const least = [2, 4, 8, 16, 32].reduce((sum, ms) => sum + ms * 0.75, 0);
  assert.ok(result.tookMs >= least, `${result.tookMs}`);
  assert.ok(result.tookMs < 1500);
});

test('an abort ends the wait at once, and no further attempt is made', async () => {
  const controller = new AbortController();
  const first: Attempt = async function* () {
    setImmediate(() => controller.abort());
    yield* nothing;
    throw new ModelError('model_busy', 'busy', { retryAfterMs: 30_000 });
  };
  const result = await call({}, [first, answers], controller.signal);
  assert.equal(result.attempts, 1);
  assert.ok(result.tookMs < 1000);
  assert.ok(result.error instanceof Error && result.error.name === 'AbortError');
  assert.deepEqual(
    process.getActiveResourcesInfo().filter((name) => name === 'Timeout'),
    [],
  );
});

test('a failure after the abort is not tried again', async () => {
  const controller = new AbortController();
  const aborting: Attempt = async function* () {
    controller.abort();
    yield* nothing;
    throw new ModelError('model_busy', 'busy');
  };
  const result = await call(quick, [aborting], controller.signal);
  assert.equal(result.attempts, 1);
  assert.deepEqual(result.notices, []);
});

test('the options take what is documented and nothing else', async () => {
  const schema = await options();
  assert.equal(
    schema.safeParse({ attempts: 1, baseMs: 0, maxWaitMs: 1, unreachableMs: 1 }).success,
    true,
  );
  assert.equal(schema.safeParse({ attempts: 0 }).success, false);
  assert.equal(schema.safeParse({ retries: 3 }).success, false);
});

test('through the kernel: the turn completes, the notice is an item, and what was shown is discarded', async (t) => {
  let attempts = 0;
  const flaky: Plugin = {
    name: 'flaky',
    api: 1,
    setup(host) {
      host.add(models, {
        name: 'flaky',
        traits: () => ({
          model: 'f',
          window: 1e6,
          output: 1000,
          images: false,
          tools: true,
          efforts: [],
        }),
        encode: () => '',
        stream: (asked, context) =>
          (++attempts === 1 ? fails('model_busy', {}, true) : answers)(asked, context),
      });
    },
  };
  const plugins = [local(), retry(quick), flaky].map((plugin) => ({ plugin }));
  const kernel = await createKernel({ plugins, settings: { provider: 'flaky' } });
  t.after(() => kernel[Symbol.asyncDispose]());
  const client = kernel.client('test');
  const { id } = await client.request('thread/start', { ephemeral: true });
  using events = client.subscribe({ thread: id });
  await client.request('turn/start', { thread: id, input: [{ type: 'text', text: 'go' }] });
  const types: string[] = [];
  for await (const event of events) {
    if (event.type !== 'item/appended') continue;
    types.push(event.item.type);
    if (event.item.type !== 'end') continue;
    assert.equal(event.item.status, 'completed');
    break;
  }
  assert.deepEqual(types.slice(types.indexOf('user')).toSorted(), [
    'assistant',
    'discarded',
    'end',
    'notice',
    'step',
    'user',
  ]);
});
