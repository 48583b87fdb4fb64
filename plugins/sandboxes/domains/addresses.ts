/** Which addresses a command may reach by a name, whatever the name's owner says it means. */

import type { BlockList, Socket } from 'node:net';

import { KernelError } from '../../../core/index.ts';

/** The way out. Another than the machine's own is for tests. */
export interface Internet {
  /** The addresses of a name. */
  readonly lookup: (name: string) => Promise<readonly string[]>;
  /** A connection to an address; rejects when there is none. */
  readonly connect: (address: string, port: number) => Promise<Socket>;
}

/** Never reached: this machine, what is linked to it (metadata services too), and what is no single host. */
const local = [
  '0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 192.0.0.0/24 224.0.0.0/4 240.0.0.0/4 100.100.100.200/32',
  '::/96 fe80::/10 fec0::/10 ff00::/8 fd00:ec2::254/128 64:ff9b::/96 64:ff9b:1::/48 2002::/16 2001::/32',
].flatMap((line) => line.split(' '));
/** Networks of an organization or a house, reached only when the user says so. */
const inner = '10.0.0.0/8 100.64.0.0/10 172.16.0.0/12 192.168.0.0/16 198.18.0.0/15 fc00::/7'.split(
  ' ',
);
const connectMs = 15_000;

/**
 * Tells whether an address is one that a command must not reach: those above, and those that this machine has at the
 * moment. IPv4 in IPv6 counts as what it is.
 */
export function refusedAddress(isInnerAllowed: boolean): (address: string) => boolean {
  const { BlockList, isIPv6 } = process.getBuiltinModule('node:net');
  const blocked = new BlockList();
  for (const subnet of isInnerAllowed ? local : [...local, ...inner]) {
    const [network = '', bits = ''] = subnet.split('/');
    blocked.addSubnet(network, Number(bits), isIPv6(network) ? 'ipv6' : 'ipv4');
  }
  return (address) => {
    const plain = address.replace(/%.*$/, '');
    const family = isIPv6(plain) ? 'ipv6' : 'ipv4';
    return blocked.check(plain, family) || ownAddresses().check(plain, family);
  };
}

function ownAddresses(): BlockList {
  const { BlockList: List } = process.getBuiltinModule('node:net');
  const { networkInterfaces } = process.getBuiltinModule('node:os');
  const own = new List();
  for (const { address, family } of Object.values(networkInterfaces()).flatMap((all) => all ?? []))
    own.addAddress(address.replace(/%.*$/, ''), family === 'IPv6' ? 'ipv6' : 'ipv4');
  return own;
}

/**
 * Connects to a host by its name or address. The address that was looked at is the one that is connected to, so a name
 * that means something else a moment later changes nothing. Throws `denied` and `unreachable`.
 */
export async function dial(
  { host, port }: { readonly host: string; readonly port: number },
  isRefused: (address: string) => boolean,
  internet: Internet,
): Promise<Socket> {
  const { isIP } = process.getBuiltinModule('node:net');
  const bare = host.replace(/^\[|\]$/g, '');
  const addresses = isIP(bare) === 0 ? await lookup(bare, internet) : [bare];
  const open = addresses.filter((address) => !isRefused(address));
  const [first] = addresses;
  if (open.length === 0)
    throw new KernelError(
      'denied',
      `it leads to ${first}: what rules allow by name leads neither to this machine nor to networks within (to those with plugins.domains.options.privateAddresses: true)`,
    );
  let last: unknown;
  for (const address of open) {
    try {
      return await internet.connect(address, port);
    } catch (error) {
      last = error;
    }
  }
  const why = last instanceof Error ? last.message : 'no answer';
  throw new KernelError('unreachable', `cannot be reached: ${why}`);
}

async function lookup(name: string, internet: Internet): Promise<readonly string[]> {
  try {
    return await internet.lookup(name);
  } catch (error) {
    throw new KernelError('unreachable', 'there is no such host', { cause: error });
  }
}

/** The machine's own way out. */
export const ownInternet: Internet = {
  lookup: async (name) => {
    const { lookup: find } = process.getBuiltinModule('node:dns/promises');
    return (await find(name, { all: true })).map(({ address }) => address);
  },
  connect: (address, port) => {
    const { connect } = process.getBuiltinModule('node:net');
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const socket = connect({ host: address, port, allowHalfOpen: true });
    socket.setTimeout(connectMs, () => socket.destroy(new Error(`no answer in ${connectMs} ms`)));
    socket.on('error', reject).once('connect', () => {
      socket.setTimeout(0);
      resolve(socket); // a later error closes it, which is heard of
    });
    return promise;
  },
};
