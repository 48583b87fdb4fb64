/** The proxy against a bridge that a command has taken over: it does not keep to what bridges do. */

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { PassThrough } from 'node:stream';
import { test, type TestContext } from 'node:test';

import {
  type Internet,
  ownInternet,
  refusedAddress,
} from '../../../plugins/sandboxes/domains/addresses.ts';
import { Proxy } from '../../../plugins/sandboxes/domains/proxy.ts';

const kinds = { open: 0, data: 1, close: 3, taken: 4 } as const;

function frame(id: number, kind: keyof typeof kinds, data: string | number = ''): Buffer {
  const head = Buffer.alloc(9);
  head.writeUInt32BE(id, 0);
  head.writeUInt8(kinds[kind], 4);
  head.writeUInt32BE(typeof data === 'number' ? data : data.length, 5);
  return typeof data === 'number' ? head : Buffer.concat([head, Buffer.from(data)]);
}

/** A connection of a command that may reach everything, in this internet. */
async function linkIn(t: TestContext, given: Partial<Internet>): Promise<Socket> {
  const internet = { ...ownInternet, ...given };
  const proxy = await Proxy.start({ internet, isRefused: () => false });
  t.after(() => proxy[Symbol.asyncDispose]());
  const link = connect({ path: proxy.path });
  link.on('error', () => {});
  link.write(`${proxy.admit(async () => {}).token}\n`);
  return link;
}

const ask = 'CONNECT 192.0.2.1:80 HTTP/1.1\r\n\r\n';

test('the addresses that this machine has are never reached, also where networks within are', () => {
  const isRefused = refusedAddress(true);
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const addresses = own.map(({ address }) => address);
  for (const address of [...addresses, '::7f00:1', '::ffff:7f00:1', 'fec0::1'])
    assert.equal(isRefused(address), true, address);
  assert.equal(isRefused('10.99.99.99') && !addresses.includes('10.99.99.99'), false);
});

test('who takes more than was sent is cut off, and nothing piles up for it', async (t) => {
  const stream = new PassThrough();
  const link = await linkIn(t, { connect: async () => stream as unknown as Socket }); // all that is used
  link.write(Buffer.concat([frame(1, 'open'), frame(1, 'data', ask)]));
  await once(link, 'data');
  link.resume().write(frame(1, 'taken', 0xffff_ffff));
  await once(link, 'close');
});

test('who opens and closes again and again has no more connections at a time than others', async (t) => {
  const news = new EventEmitter();
  const reached: string[] = [];
  const hangs = async (address: string) => {
    reached.push(address);
    news.emit('some');
    return new Promise<never>(() => {});
  };
  const link = await linkIn(t, { connect: hangs });
  let heard: Buffer = Buffer.alloc(0);
  link.on('data', (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk]);
    news.emit('some');
  });
  for (let id = 1; id <= 300; id++) {
    link.write(Buffer.concat([frame(id, 'open'), frame(id, 'data', ask)]));
    const isAnswered = () => reached.length === id || heard.includes(frame(id, 'close'));
    while (!isAnswered()) await once(news, 'some');
    link.write(frame(id, 'close'));
  }
  assert.equal(reached.length, 256);
});
