/** MCP over Streamable HTTP at `/mcp`: requests of 2026-07-28 stand alone, those of the 2025 versions have sessions. */

import {
  createMcpHandler,
  isLegacyRequest,
  type ServerNotifier,
} from '@modelcontextprotocol/server';

import { answerPlain } from '../serving/answers.ts';
import { listenHttp, type Listener } from '../serving/listen.ts';
import type { Change } from './changes.ts';
import type { Service } from './carry.ts';
import { makeConnection, makeForRequest } from './server.ts';
import { Sessions } from './sessions.ts';
import { sendResponse, toRequest } from './web.ts';

/** Where it listens, and who may use it. */
export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  /** Told what failed, for people. */
  readonly log: (message: string) => void;
}

/** The longest request, in bytes. */
const maxBytes = 32 * 1024 * 1024;

/** Listens until disposed; then every session is closed and every open request aborted. */
export async function listen(service: Service, options: HttpOptions): Promise<Listener> {
  const { log, ...place } = options;
  await using scope = new AsyncDisposableStack();
  const modern = createMcpHandler(() => makeForRequest(service), {
    legacy: 'reject',
    maxRequestBodySize: maxBytes,
    onerror: ({ message }) => log(message),
  });
  scope.defer(() => modern.close());
  scope.use(service.changes.listen((change) => notify(modern.notify, change)));
  const sessions = new Sessions(() => makeConnection(service), maxBytes);
  scope.defer(() => sessions.close());
  const answer = async (request: Request) => {
    const isLegacy = await isLegacyRequest(request, undefined, { maxRequestBodySize: maxBytes });
    return isLegacy ? sessions.answer(request) : modern.fetch(request);
  };
  const listener = await listenHttp({
    ...place,
    service: {
      log,
      onRequest: async (request, response) => {
        const [path] = (request.url ?? '/').split('?');
        if (path !== '/mcp') return answerPlain(response, 404, 'MCP is served at /mcp');
        await sendResponse(await answer(toRequest(request, response)), response);
      },
    },
  });
  scope.use(listener);
  const owned = scope.move();
  return { address: `${listener.address}/mcp`, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function notify(notifier: ServerNotifier, change: Change): void {
  if ('uri' in change) notifier.resourceUpdated(change.uri);
  else if (change.list === 'tools') notifier.toolsChanged();
  else if (change.list === 'prompts') notifier.promptsChanged();
  else notifier.resourcesChanged();
}
