/** A server as it is configured, ready to be started: variables are filled in, paths are absolute. */

/** What all kinds of server have. Patterns have `*` for any text. */
interface Common {
  /** As people and the model call it. */
  readonly name: string;
  /** Under this its pins and tokens are kept: another definition of the same name has another key. */
  readonly key: string;
  /** The file or flag that defines it. */
  readonly from: string;
  /** Why it cannot be used, and what to do. */
  readonly fault?: string;
  /** The limit of one call in ms. Default 120,000. */
  readonly timeout?: number;
  /** The limit of its start in ms. Default 30,000. */
  readonly startTimeout?: number;
  /** Only these of its tools, by their own names. */
  readonly choose?: readonly string[];
  /** Not these of its tools. */
  readonly hide?: readonly string[];
  /** What the model calls a tool, by the tool's own name. */
  readonly alias?: Readonly<Record<string, string>>;
  /** Names for some of its tools together, with their patterns: what the model is told of first. */
  readonly group?: Readonly<Record<string, readonly string[]>>;
  /** `direct`: its tools are always offered as they are; `search`: never. Default: direct while they are few. */
  readonly offer?: 'direct' | 'search';
}

/** A program that speaks over its input and output. It is confined like every command, unless `sandbox` is false. */
export interface StdioServer extends Common {
  readonly type: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment that commands get. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly sandbox: boolean;
}

/** A server at an address: `http` is Streamable HTTP, with the older SSE as a second try; `sse` is that alone. */
export interface RemoteServer extends Common {
  readonly type: 'http' | 'sse';
  readonly url: string;
  /** Sent to the address's own origin only. */
  readonly headers: Readonly<Record<string, string>>;
  readonly proxy?: string;
  /** PEM certificates trusted beside the system's. */
  readonly ca?: string;
  readonly oauth?: OAuthSettings;
}

/** What an authorization server is told where it does not register clients by itself. */
export interface OAuthSettings {
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly scope?: string;
  /** A document on the web that is the client's id, for servers that read it. */
  readonly clientMetadataUrl?: string;
  /** The authorization server's issuer: what is configured here goes to no other. */
  readonly issuer?: string;
  /** `client_credentials`: no person logs in; with `privateKey` (PEM) and `algorithm` instead of a secret (RFC 7523). */
  readonly grant?: 'authorization_code' | 'client_credentials';
  readonly privateKey?: string;
  readonly algorithm?: string;
  /** An identity provider whose token is exchanged for one of the server (enterprise-managed authorization). */
  readonly idp?: Idp;
}

/** The provider's issuer, the client there, and the ID token of the user. */
export interface Idp {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly idToken: string;
  /** Where tokens are exchanged; default: what the issuer's metadata says. */
  readonly tokenEndpoint?: string;
}

export type ServerConfig = StdioServer | RemoteServer;

/** The limit of one call in ms. */
export function callLimitOf({ timeout = 120_000 }: ServerConfig): number {
  return timeout;
}

/** The limit of a start, and of reading what it offers, in ms. */
export function startLimitOf({ startTimeout = 30_000 }: ServerConfig): number {
  return startTimeout;
}

/** Whether a name is what a pattern says. */
export function isNamed(name: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
}

/** Whether configuration lets the model have a tool of this name. */
export function isChosen({ choose, hide = [] }: ServerConfig, tool: string): boolean {
  const isIn = (patterns: readonly string[]) => patterns.some((one) => isNamed(tool, one));
  return (choose === undefined || isIn(choose)) && !isIn(hide);
}

/** The names of the groups that a tool is in. */
export function groupsOf({ group = {} }: ServerConfig, tool: string): readonly string[] {
  return Object.entries(group).flatMap(([name, patterns]) =>
    patterns.some((one) => isNamed(tool, one)) ? [name] : [],
  );
}
