/** What can go wrong between a plugin and a model's server, and what each plugin must make of it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { ModelError } from '../../core/index.ts';
import type { ModelEvent, Plugin } from '../../core/index.ts';
import type { ProviderOptions } from '../../plugins/models/wire/provider.ts';
import { makeCertificates } from '../fixtures/certificates.ts';
import {
  badKey,
  contextTooLong,
  errorAnswer,
  rateLimited,
  serverError,
  type Answer,
} from '../fixtures/model-server.ts';
import { startProxy } from '../fixtures/proxy.ts';
import { openModel, type LoneModel } from './model-thread.ts';
import { sampleSettings } from './sample-items.ts';
import { serve } from './served-model.ts';

/** Makes the plugin with these options. */
export type MakeServed = (config: ProviderOptions) => Plugin;

const model = 'gpt-5.1';
const settings = { ...sampleSettings, model };
const user = { type: 'user', content: [{ type: 'text', text: 'Hi' }], how: 'start' } as const;
const tools = {
  type: 'tools',
  tools: [{ name: 'x', description: 'y', inputSchema: { type: 'object' } }],
  hash: '',
} as const;

/** Sets variables of the environment for the rest of a test. */
export function setEnv(t: TestContext, values: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(values)) {
    const before = process.env[name];
    const set = (to: string | undefined) =>
      to === undefined ? Reflect.deleteProperty(process.env, name) : (process.env[name] = to);
    set(value);
    t.after(() => set(before));
  }
}

/** The whole answer to a user who offers a tool. */
function events(lone: LoneModel): Promise<readonly ModelEvent[]> {
  return Array.fromAsync(lone.stream([tools, user], { settings }));
}

async function errorOf(asked: Promise<unknown>): Promise<ModelError> {
  const error: unknown = await asked.then(
    () => assert.fail('expected an error, but the model answered'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ModelError, `expected a ModelError, got ${String(error)}`);
  return error;
}

const said = (error: ModelError) => [error.code, error.status, error.retryAfterMs];

export function modelFaults(name: string, make: MakeServed): void {
  const fail = async (t: TestContext, config: ProviderOptions): Promise<ModelError> =>
    errorOf(events(await openModel(t, make(config))));
  const failAt = async (
    t: TestContext,
    answer: Answer,
    config: ProviderOptions = {},
  ): Promise<ModelError> => {
    const server = await serve(t, [answer]);
    return fail(t, { baseURL: server.url, apiKey: 'sk-secret-1234', ...config });
  };

  test(`${name}: a refused key is named by where it is from, and never shown`, async (t) => {
    setEnv(t, { OPENAI_API_KEY: 'sk-of-the-env', MY_KEY: 'sk-of-my-own' });
    const byOption = await failAt(t, badKey);
    assert.deepEqual(said(byOption), ['model_refused', 401, undefined]);
    assert.match(byOption.message, /provided: \[key\]\./u);
    assert.match(byOption.message, new RegExp(`that of providers\\.${name}\\.apiKey`, 'u'));
    assert.doesNotMatch(JSON.stringify(byOption) + byOption.stack, /sk-secret/u);
    const byEnv = await failAt(t, badKey, { apiKey: 'sk-of-the-env' });
    assert.match(byEnv.message, /that of OPENAI_API_KEY/u);
    const byName = await failAt(t, badKey, { apiKey: undefined, apiKeyEnv: 'MY_KEY' });
    assert.match(byName.message, /that of MY_KEY/u);
    const byHeader = await failAt(t, badKey, {
      apiKey: undefined,
      headers: { Authorization: 'Bearer sk-of-a-header' },
    });
    assert.match(byHeader.message, /provided: \[key\]\./u);
  });

  test(`${name}: a missing key is told before anything is sent`, async (t) => {
    setEnv(t, { OPENAI_API_KEY: undefined, CODEX_API_KEY: undefined, EMPTY: '' });
    const none = await fail(t, { baseURL: 'https://api.openai.com/v1' });
    assert.equal(none.code, 'model_config');
    assert.match(none.message, /api\.openai\.com needs a key: set OPENAI_API_KEY/u);
    const empty = await fail(t, { baseURL: 'https://api.openai.com/v1', apiKeyEnv: 'EMPTY' });
    assert.match(empty.message, /variable EMPTY to hold the key/u);
    const odd = await fail(t, { baseURL: 'http://127.0.0.1:9/v1', apiKey: 'sk “quoted”' });
    assert.equal(odd.code, 'model_config');
    assert.doesNotMatch(odd.message, /quoted/u);
  });

  test(`${name}: a server that needs no key is sent none, and a line end after a key does no harm`, async (t) => {
    setEnv(t, { OPENAI_API_KEY: undefined, CODEX_API_KEY: undefined });
    const server = await serve(t, [{ text: 'a' }, { text: 'b' }]);
    await events(await openModel(t, make({ baseURL: `${server.url}/` })));
    await events(await openModel(t, make({ baseURL: server.url, apiKey: ' sk-1234\n' })));
    assert.deepEqual(
      server.requests.map(({ headers }) => headers.authorization),
      [undefined, 'Bearer sk-1234'],
    );
  });

  test(`${name}: address, key and model come from the environment when no option gives them`, async (t) => {
    const server = await serve(t, [{ text: 'a' }]);
    setEnv(t, {
      OPENAI_BASE_URL: server.url,
      OPENAI_API_KEY: undefined,
      CODEX_API_KEY: 'sk-codex',
      OPENAI_MODEL: 'm-env',
    });
    const { stream } = await openModel(t, make({}));
    await Array.fromAsync(stream([user]));
    assert.equal(server.requests[0]!.json.model, 'm-env');
    assert.equal(server.requests[0]!.headers.authorization, 'Bearer sk-codex');
  });

  test(`${name}: an address that is none is told`, async (t) => {
    const odd = await fail(t, { baseURL: 'localhost:11434' });
    assert.equal(odd.code, 'model_config');
    assert.match(odd.message, /got "localhost:11434"/u);
  });

  test(`${name}: a server that is busy says when to come back`, async (t) => {
    const inAMinute = new Date(Date.now() + 60_000).toUTCString();
    const cases: readonly (readonly [Answer, number | undefined])[] = [
      [rateLimited({ 'retry-after': '7' }), 7000],
      [rateLimited({ 'retry-after-ms': '250', 'retry-after': '7' }), 250],
      [rateLimited({ 'retry-after': '86400' }), 86_400_000],
      [rateLimited({ 'retry-after': 'soon' }), undefined],
      [serverError(500), undefined],
      [serverError(503), undefined],
      [{ status: 529, body: 'overloaded' }, undefined],
      [errorAnswer(429, { code: 'x', message: 'Please try again in 1.5s.' }), 1500],
    ];
    for (const [answer, waitMs] of cases)
      assert.deepEqual(said(await failAt(t, answer)), ['model_busy', answer.status, waitMs]);
    const date = await failAt(t, rateLimited({ 'retry-after': inAMinute }));
    assert.ok(date.retryAfterMs! > 50_000 && date.retryAfterMs! <= 60_000);
  });

  test(`${name}: what does not get better by waiting is refused`, async (t) => {
    const cases: readonly (readonly [Answer, RegExp])[] = [
      [errorAnswer(429, { code: 'insufficient_quota', message: 'No.' }), /no credit left/u],
      [errorAnswer(400, { code: null, message: "Invalid 'tools'." }), /Invalid 'tools'/u],
      [
        errorAnswer(404, { code: 'model_not_found', message: 'Not there.' }),
        /check the model's name, gpt-5\.1/u,
      ],
      [{ status: 404, body: '404 page not found' }, /check the base URL/u],
      [
        { status: 307, headers: { location: 'https://elsewhere/' }, body: '' },
        /redirects are not followed/u,
      ],
      [{ status: 418, body: '' }, /answered 418/u],
    ];
    for (const [answer, message] of cases) {
      const error = await failAt(t, answer);
      assert.equal(error.code, 'model_refused');
      assert.match(error.message, message);
      assert.match(error.message, /^127\.0\.0\.1:\d+ answered/u);
    }
  });

  test(`${name}: an input that is too long is told apart`, async (t) => {
    const words = [
      "This model's maximum context length is 8192 tokens.",
      'the request exceeds the available context size, try increasing it',
      'prompt is too long: 210000 tokens',
    ];
    const others = words.map((message) => errorAnswer(400, { code: null, message }));
    for (const answer of [contextTooLong, { status: 413, body: '<html>413</html>' }, ...others])
      assert.equal((await failAt(t, answer)).code, 'model_context');
  });

  test(`${name}: a model that cannot use tools is named, with what to do`, async (t) => {
    const words = [
      'registry.ollama.ai/library/gemma:2b does not support tools',
      'No endpoints found that support tool use.',
      '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
      'tools param requires --jinja flag',
    ];
    for (const [at, message] of words.entries()) {
      const error = await failAt(
        t,
        errorAnswer([400, 404, 400, 500][at]!, { code: null, message }),
      );
      assert.equal(error.code, 'model_config', message);
      assert.match(error.message, /gpt-5\.1 cannot use tools there: choose a model/u);
    }
  });

  test(`${name}: pages are cut to a line`, async (t) => {
    const page = `<!DOCTYPE html><html><head><title>Bad Gateway</title></head>${'<p>x'.repeat(50_000)}`;
    const error = await failAt(t, { status: 502, body: page });
    assert.equal(error.code, 'model_busy');
    assert.match(error.message, /answered 502: a web page, Bad Gateway$/u);
    const login = { status: 200, headers: { 'content-type': 'text/html' }, body: page };
    const portal = await failAt(t, login);
    assert.equal(portal.code, 'model_refused');
    assert.match(portal.message, /got a web page, Bad Gateway: check the base URL/u);
    const long = await failAt(t, { status: 400, body: 'y'.repeat(100_000) });
    assert.ok(long.message.length < 600);
  });

  test(`${name}: an answer that does not begin, or falls silent, is given up`, async (t) => {
    const mute = await failAt(t, { hang: true }, { headersTimeoutMs: 50 });
    assert.equal(mute.code, 'model_unreachable');
    assert.match(mute.message, /within 50 ms/u);
    const silent = await failAt(t, { text: 'Hello', holdAfter: 3 }, { idleTimeoutMs: 50 });
    assert.equal(silent.code, 'model_busy');
    assert.match(silent.message, /said nothing for 0\.05 s/u);
  });

  test(`${name}: bytes that keep coming keep a slow answer alive`, async (t) => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      let left = 6;
      const timer = setInterval(() => {
        response.write(': still here\n\n');
        if (left-- > 0) return;
        clearInterval(timer);
        response.end('data: {"error":{"message":"so far, so good"}}\n\n');
      }, 100);
    });
    t.after(() => server.closeAllConnections());
    t.after(() => server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const late = await fail(t, { baseURL: `http://127.0.0.1:${port}/v1`, idleTimeoutMs: 400 });
    assert.match(late.message, /so far, so good/u);
  });

  test(`${name}: a connection that is cut is told, whether in an event or between two`, async (t) => {
    assert.equal((await failAt(t, { text: 'Hello', cutAfter: 4 })).code, 'model_busy');
    const torn = { parts: [{ text: 'a' }, { raw: 'data: {"type":"respon' }], end: 'none' } as const;
    assert.match((await failAt(t, torn)).message, /cut off/u);
  });

  test(`${name}: what is no event stream is a broken answer`, async (t) => {
    const endless = await failAt(t, { endlessLine: true });
    assert.equal(endless.code, 'model_answer');
    assert.match(endless.message, /longer line/u);
    const garbled = await failAt(t, { parts: [{ raw: 'data: {"broken\n\n' }] });
    assert.equal(garbled.code, 'model_answer');
    assert.match(garbled.message, /\{"broken/u);
  });

  test(`${name}: an error in the stream counts like one before it`, async (t) => {
    const cases = [
      ['server_error', 'model_busy'],
      ['rate_limit_exceeded', 'model_busy'],
      ['context_length_exceeded', 'model_context'],
      ['insufficient_quota', 'model_refused'],
      ['invalid_prompt', 'model_refused'],
    ] as const;
    for (const [code, expected] of cases)
      for (const end of ['failed', 'error'] as const) {
        const error = { code, message: 'It was sk-secret-1234', type: 'x' };
        const failure = await failAt(t, { parts: [{ text: 'a' }], end, error });
        assert.equal(failure.code, expected, `${end} ${code}`);
        assert.match(failure.message, /stopped: It was \[key\]/u);
      }
  });

  test(`${name}: a host that cannot be reached is named, with what to check`, async (t) => {
    const refused = await fail(t, { baseURL: 'http://127.0.0.1:9/v1' });
    assert.equal(refused.code, 'model_unreachable');
    assert.match(refused.message, /127\.0\.0\.1:9: .*nothing listens there/u);
    const unknown = await fail(t, { baseURL: 'http://nowhere.invalid/v1' });
    assert.equal(unknown.code, 'model_unreachable');
    assert.match(unknown.message, /nowhere\.invalid.*no such host/u);
    const server = await serve(t, [{}]);
    const plain = await fail(t, { baseURL: server.url.replace('http:', 'https:') });
    assert.equal(plain.code, 'model_unreachable');
    assert.match(plain.message, /does not speak TLS/u);
  });

  test(`${name}: a certificate is trusted by its authority alone, given as text or file`, async (t) => {
    await using certificates = await makeCertificates();
    const server = await serve(t, { script: [{ text: 'a' }, { text: 'b' }], tls: certificates });
    const untrusted = await fail(t, { baseURL: server.url });
    assert.equal(untrusted.code, 'model_unreachable');
    assert.match(untrusted.message, /NODE_EXTRA_CA_CERTS or in the option ca/u);
    for (const ca of [certificates.ca, certificates.caFile])
      assert.ok((await events(await openModel(t, make({ baseURL: server.url, ca })))).length > 0);
  });

  test(`${name}: a proxy is used when it is named, and told apart when it refuses`, async (t) => {
    await using certificates = await makeCertificates();
    const server = await serve(t, { script: [{ text: 'a' }], tls: certificates });
    await using proxy = await startProxy({ credentials: 'me:secret' });
    const config = { baseURL: server.url, ca: certificates.ca };
    await events(await openModel(t, make({ ...config, proxy: proxy.url })));
    assert.equal(proxy.connects.length, 1);
    const wrong = await fail(t, { ...config, proxy: proxy.url.replace('secret', 'wrong') });
    assert.equal(wrong.code, 'model_unreachable');
    assert.doesNotMatch(wrong.message, /wrong/u);
  });

  test(`${name}: an abort ends the question at once, also while nothing was answered`, async (t) => {
    const server = await serve(t, [{ hang: true }]);
    const { stream } = await openModel(t, make({ baseURL: server.url }));
    const abort = new AbortController();
    const asked = Array.fromAsync(stream([user], { settings, signal: abort.signal }));
    const refused = assert.rejects(asked, { code: 'aborted' });
    await server.waitForRequest(1);
    abort.abort();
    await refused;
  });

  test(`${name}: a prompt of 10 MB arrives whole`, async (t) => {
    const server = await serve(t, [{ text: 'long' }]);
    const { stream } = await openModel(t, make({ baseURL: server.url }));
    const text = 'é"\n'.repeat(2_500_000);
    const long = { ...user, content: [{ type: 'text', text }] } as const;
    await Array.fromAsync(stream([long], { settings }));
    assert.ok(server.requests[0]!.body.includes(JSON.stringify(text).slice(1, -1)));
  });

  test(`${name}: what is secret in an address is not shown`, async (t) => {
    const error = await fail(t, { baseURL: 'http://me:secret@127.0.0.1:9/v1?token=hidden' });
    assert.match(error.message, /base URL http:\/\/127\.0\.0\.1:9\/v1\)/u);
    assert.doesNotMatch(error.message, /secret|hidden/u);
  });

  test(`${name}: a model that sees no images is told of them in words`, async (t) => {
    const { model: blind } = await openModel(
      t,
      make({ baseURL: 'http://127.0.0.1:9/', images: false }),
    );
    const image = { type: 'image', data: 'AAAA', mimeType: 'image/png' } as const;
    const text = blind.encode({ ...user, content: [image], n: 0, at: 0 });
    assert.match(text, /\[image image\/png: you cannot see it\]/u);
    assert.doesNotMatch(text, /AAAA/u);
  });

  test(`${name}: certificates that are not there are named`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'spindle-ca-'));
    t.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'empty.pem'), '');
    const lone = await openModel(
      t,
      make({ baseURL: 'https://127.0.0.1:9/', ca: join(folder, 'missing.pem') }),
    );
    await assert.rejects(events(lone), { message: /missing\.pem/u });
  });
}
