/** The handshake. It is read by hand, since it is answered before anything that reads schemas is loaded. */

import { arch, platform, release } from 'node:os';
import { RpcError, type Capabilities, type ClientInfo } from './session.ts';

/** Version of this protocol. */
const protocolVersion = 1;

/** What a client says of itself. */
export interface Hello {
  readonly info: ClientInfo;
  readonly capabilities: Capabilities;
}

/** Who answers: the program's version, and the folder of its state. */
export interface Identity {
  readonly version: string;
  readonly home: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads the parameters of `initialize`. Throws RpcError -32602 with the path of the fault. */
export function readHello(params: unknown): Hello {
  const { clientInfo, capabilities = {}, protocolVersion: version } = objectAt(params, 'params');
  if (version !== undefined && version !== null) expectAt(version, 'number', 'protocolVersion');
  const client = objectAt(clientInfo, 'clientInfo');
  const asked = objectAt(capabilities ?? {}, 'capabilities');
  const optOut = asked['optOutNotificationMethods'] ?? [];
  if (!Array.isArray(optOut)) throw badAt('capabilities.optOutNotificationMethods', 'an array');
  return {
    info: {
      name: expectAt(client['name'], 'string', 'clientInfo.name'),
      ...optional(client, 'title'),
      ...optional(client, 'version'),
    },
    capabilities: {
      experimentalApi: expectAt(
        asked['experimentalApi'] ?? false,
        'boolean',
        'capabilities.experimentalApi',
      ),
      optOutNotificationMethods: optOut.map((name: unknown, index) =>
        expectAt(name, 'string', `capabilities.optOutNotificationMethods[${index}]`),
      ),
      deltaIntervalMs: intervalOf(asked['deltaIntervalMs'] ?? 0),
    },
  };
}

/** The most that deltas may be held back. */
const maxIntervalMs = 10_000;

function intervalOf(value: unknown): number {
  const given = expectAt(value, 'number', 'capabilities.deltaIntervalMs');
  if (given >= 0 && given <= maxIntervalMs) return given;
  throw badAt('capabilities.deltaIntervalMs', `0 to ${maxIntervalMs}`);
}

function optional(fields: Fields, key: 'title' | 'version'): { readonly [key]?: string } {
  const value = fields[key] ?? undefined;
  return value === undefined ? {} : { [key]: expectAt(value, 'string', `clientInfo.${key}`) };
}

interface Types {
  readonly string: string;
  readonly number: number;
  readonly boolean: boolean;
}

function expectAt<T extends keyof Types>(value: unknown, type: T, path: string): Types[T] {
  if (typeof value !== type) throw badAt(path, `a ${type}`);
  return value as Types[T]; // that is its type
}

function objectAt(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badAt(path, 'an object');
  return value as Fields; // an object
}

const badAt = (path: string, what: string) =>
  new RpcError('invalidParams', `${path}: expected ${what}`, { path });

/** The answer to `initialize`: what the known protocol has, and the version of ours. */
export function answerHello({ info }: Hello, { version, home }: Identity): object {
  const client = `${info.name}${info.version === undefined ? '' : `; ${info.version}`}`;
  const system = `${platform()} ${release()}; ${arch()}`;
  return {
    userAgent: `spindle/${version} (${system}) (${client})`,
    codexHome: home,
    platformFamily: platform() === 'win32' ? 'windows' : 'unix',
    platformOs: platform() === 'darwin' ? 'macos' : platform() === 'win32' ? 'windows' : 'linux',
    protocolVersion,
    serverInfo: { name: 'spindle', version },
  };
}
