/** Logging in to a server: OAuth 2.1 with PKCE, dynamic registration and refresh, by the SDK; what it keeps is here. */

import type {
  OAuthDiscoveryState,
  OAuthClientInformationContext,
  OAuthClientProvider,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client';

import { type Effects, invalid, type JsonSchema } from '../../core/index.ts';
import type { Sdk } from './connect.ts';
import { isWebAddress } from './elicitation.ts';
import { fetchFor } from './http-fetch.ts';
import type { McpState, StoredAuth } from './remembered.ts';
import type { RemoteServer } from './server-config.ts';
import { oneLine } from './text.ts';

/** Where nobody listens: a refresh sends no redirect, and a login names its own. */
const unusedRedirect = 'http://127.0.0.1/callback';

interface How {
  readonly redirectUrl?: string;
  readonly onWanted?: (scope: string) => void;
}

/** What one server's login keeps, bound to its address and to the issuer that gave it. */
class Login implements OAuthClientProvider {
  readonly redirectUrl: string;
  /** The address that the user is to open. */
  url: URL | undefined;
  readonly #server: RemoteServer;
  readonly #state: McpState;
  readonly #isLogin: boolean;
  readonly #nonce: string;
  /** Told the scope that a login is wanted for. */
  readonly #onWanted: (scope: string) => void;
  #verifier = '';
  #discovery: OAuthDiscoveryState | undefined;

  constructor(server: RemoteServer, state: McpState, how: How) {
    const { redirectUrl, onWanted = () => {} } = how;
    this.#server = server;
    this.#state = state;
    this.#onWanted = onWanted;
    this.#isLogin = redirectUrl !== undefined;
    this.redirectUrl = redirectUrl ?? unusedRedirect;
    this.#nonce = process.getBuiltinModule('node:crypto').randomBytes(24).toString('base64url');
  }

  get clientMetadataUrl() {
    return this.#server.oauth?.clientMetadataUrl;
  }

  get clientMetadata() {
    const { oauth } = this.#server;
    return {
      client_name: 'Spindle',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: oauth?.clientSecret === undefined ? 'none' : 'client_secret_post',
      ...(oauth?.scope === undefined ? {} : { scope: oauth.scope }),
    };
  }

  readonly state = () => this.#nonce;

  #stored(): StoredAuth {
    return storedFor(this.#server, this.#state) ?? { url: this.#server.url, clients: {} };
  }

  #store(changes: Partial<StoredAuth>): void {
    this.#state.writeAuth(this.#server.key, { ...this.#stored(), ...changes });
  }

  clientInformation(
    context?: OAuthClientInformationContext,
  ): StoredOAuthClientInformation | undefined {
    const { oauth } = this.#server;
    if (oauth?.clientId !== undefined) {
      const secret = oauth.clientSecret === undefined ? {} : { client_secret: oauth.clientSecret };
      return { client_id: oauth.clientId, ...secret };
    }
    const stored = this.#stored().clients[context?.issuer ?? ''];
    // Who registered another redirect registers anew: servers compare it letter by letter.
    const uris = stored?.['redirect_uris'];
    const isOther = this.#isLogin && Array.isArray(uris) && !uris.includes(this.redirectUrl);
    return isOther ? undefined : (stored as StoredOAuthClientInformation | undefined); // as it was saved
  }

  saveClientInformation(
    information: StoredOAuthClientInformation,
    context?: OAuthClientInformationContext,
  ) {
    const client = { redirect_uris: [this.redirectUrl], ...information } as JsonSchema; // JSON
    this.#store({ clients: { ...this.#stored().clients, [context?.issuer ?? '']: client } });
  }

  tokens(): StoredOAuthTokens | undefined {
    return this.#stored().tokens as StoredOAuthTokens | undefined; // as it was saved
  }

  saveTokens(tokens: StoredOAuthTokens): void {
    this.#store({ tokens: { ...tokens } });
  }

  redirectToAuthorization(url: URL): void {
    if (!this.#isLogin) {
      this.#onWanted(url.searchParams.get('scope') ?? '');
      throw needsLogin(this.#server);
    }
    if (!isWebAddress(url))
      throw invalid`expected a login over https, but ${this.#server.name} names ${url.protocol}//${url.host}`;
    this.url = url;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  readonly codeVerifier = () => this.#verifier;
  readonly discoveryState = () => this.#discovery;

  saveDiscoveryState(state: OAuthDiscoveryState): void {
    this.#discovery = state;
  }

  invalidateCredentials(scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery'): void {
    const { clients, tokens } = this.#stored();
    const keepsClients = scope !== 'all' && scope !== 'client';
    const keepsTokens = scope !== 'all' && scope !== 'tokens';
    this.#state.writeAuth(this.#server.key, {
      url: this.#server.url,
      clients: keepsClients ? clients : {},
      ...(keepsTokens && tokens !== undefined ? { tokens } : {}),
    });
    if (scope === 'all' || scope === 'discovery') this.#discovery = undefined;
  }
}

/** For a server that wants a login: tells who has to do what. */
export function needsLogin({ name }: RemoteServer) {
  return invalid`MCP server ${name} wants a login: run "spindle mcp login ${name}"`;
}

/** What is kept for this very address. */
function storedFor({ key, url }: RemoteServer, state: McpState): StoredAuth | undefined {
  const stored = state.readAuth(key);
  return stored?.url === url ? stored : undefined;
}

/** Whether there are tokens for a server. */
export function isLoggedIn(server: RemoteServer, state: McpState): boolean {
  return storedFor(server, state)?.tokens !== undefined;
}

/** What a server is reached with: its tokens, refreshed as needed, or what is configured. Never begins a login. */
export function authFor(
  server: RemoteServer,
  sdk: Sdk,
  options: AuthOptions,
): OAuthClientProvider | undefined {
  const { state, effects, onWanted } = options;
  const hasOwn = Object.keys(server.headers).some((name) => name.toLowerCase() === 'authorization');
  if (hasOwn) return undefined;
  const { oauth = {} } = server;
  if (oauth.idp !== undefined) return enterpriseAuth(server, sdk, effects);
  if (oauth.grant === 'client_credentials') return machineAuth(server, sdk);
  return new Login(server, state, { onWanted });
}

export interface AuthOptions {
  readonly state: McpState;
  readonly effects: Effects;
  /** Told the scope that a login is wanted for. */
  readonly onWanted: (scope: string) => void;
}

/** Without a person: by a secret or a private key. */
function machineAuth({ name, oauth = {} }: RemoteServer, sdk: Sdk): OAuthClientProvider {
  const { clientId, clientSecret, privateKey, algorithm = 'ES256', scope, issuer } = oauth;
  if (clientId === undefined)
    throw invalid`expected oauth.clientId of MCP server ${name} for client_credentials`;
  const shared = {
    clientId,
    clientName: 'Spindle',
    ...(scope === undefined ? {} : { scope }),
    ...(issuer === undefined ? {} : { expectedIssuer: issuer }),
  };
  if (privateKey !== undefined)
    return new sdk.PrivateKeyJwtProvider({ ...shared, privateKey, algorithm });
  if (clientSecret !== undefined)
    return new sdk.ClientCredentialsProvider({ ...shared, clientSecret });
  throw invalid`expected oauth.clientSecret or oauth.privateKey of MCP server ${name} for client_credentials`;
}

/** By the token of an identity provider, which is exchanged for one of the server's. */
function enterpriseAuth(server: RemoteServer, sdk: Sdk, effects: Effects): OAuthClientProvider {
  const { clientId = '', clientSecret = '', idp, issuer } = server.oauth ?? {};
  if (idp === undefined) throw invalid`expected oauth.idp of MCP server ${server.name}`;
  const fetchFn = fetchFor(effects, { ...server, headers: {} });
  return new sdk.CrossAppAccessProvider({
    clientId,
    clientSecret,
    fetchFn,
    ...(issuer === undefined ? {} : { expectedIssuer: issuer }),
    assertion: async ({ authorizationServerUrl, resourceUrl, scope }) => {
      const asked = {
        audience: authorizationServerUrl,
        resource: resourceUrl,
        idToken: idp.idToken,
        clientId: idp.clientId,
        ...(idp.clientSecret === undefined ? {} : { clientSecret: idp.clientSecret }),
        ...(scope === undefined ? {} : { scope }),
        fetchFn,
      };
      const { tokenEndpoint } = idp;
      const { jwtAuthGrant } =
        tokenEndpoint === undefined
          ? await sdk.discoverAndRequestJwtAuthGrant({ ...asked, idpUrl: idp.issuer })
          : await sdk.requestJwtAuthorizationGrant({ ...asked, tokenEndpoint });
      return jwtAuthGrant;
    },
  });
}

/** A login that waits for the user to come back. */
export interface Pending {
  readonly url: string;
  /** What the user came back with, as the query of the redirect. */
  readonly finish: (query: string) => Promise<void>;
}

export interface LoginOptions {
  readonly server: RemoteServer;
  readonly state: McpState;
  readonly effects: Effects;
  readonly sdk: Sdk;
  /** Where the user is sent back to. */
  readonly redirectUrl: string;
  readonly scope?: string;
}

/** Begins a login. Without an address to open, the tokens that are there still do. */
export async function beginLogin(options: LoginOptions): Promise<Pending | undefined> {
  const { server, state, effects, sdk, redirectUrl } = options;
  const login = new Login(server, state, { redirectUrl });
  const fetchFn = fetchFor(effects, { ...server, headers: {} });
  const challenge = await challengeOf(server, fetchFn, sdk);
  const scope = options.scope ?? server.oauth?.scope ?? challenge.scope;
  const asked = {
    serverUrl: server.url,
    fetchFn,
    ...(scope === undefined ? {} : { scope }),
    ...(challenge.resourceMetadataUrl === undefined
      ? {}
      : { resourceMetadataUrl: challenge.resourceMetadataUrl }),
  };
  const begun = sdk.auth(login, { ...asked, forceReauthorization: true });
  const result = await withPlainFaults(server, begun);
  const { url } = login;
  if (result === 'AUTHORIZED' || url === undefined) return undefined;
  return {
    url: url.href,
    finish: async (query) => {
      const came = new URLSearchParams(query);
      if (came.get('state') !== login.state())
        throw invalid`the answer to the login of ${server.name} is not to the question that was asked (its state differs): log in again`;
      const code = came.get('code');
      if (code === null)
        throw invalid`${server.name} was not logged in: ${oneLine(came.get('error') ?? 'no code came back', 80)}`;
      const iss = came.get('iss');
      const given = { ...asked, authorizationCode: code, ...(iss === null ? {} : { iss }) };
      await withPlainFaults(server, sdk.auth(login, given));
    },
  };
}

/** What is wrong with an answer, where the SDK only gives its schema's list of faults. */
async function withPlainFaults<T>({ name }: RemoteServer, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { issues } = Object(error) as { readonly issues?: unknown };
    if (!Array.isArray(issues)) throw error;
    const faults = (issues as readonly Fault[]).map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    ); // of zod
    throw invalid`the login of MCP server ${name} was answered with what OAuth does not allow (${oneLine(faults.join('; '), 400)})`;
  }
}

interface Fault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What the server says to a request without a token: where its metadata is, and which scope it wants. */
async function challengeOf(server: RemoteServer, fetchFn: ReturnType<typeof fetchFor>, sdk: Sdk) {
  const answer = await fetchFn(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
  });
  await answer.body?.cancel();
  return sdk.extractWWWAuthenticateParams(answer);
}
