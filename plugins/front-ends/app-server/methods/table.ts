/** All methods of the app server, aliases too. */

import type { Method, MethodTable } from '../session.ts';
import { App } from './app.ts';
import { capabilityMethods } from './capabilities.ts';
import { commandMethods } from './commands.ts';
import { configMethods } from './config.ts';
import { extensionMethods } from './extensions.ts';
import { fileMethods } from './files.ts';
import { searchMethods } from './search.ts';
import { shellMethods } from './shell.ts';
import { changeMethods } from './thread-change.ts';
import { lifeMethods } from './thread-life.ts';
import { readMethods } from './thread-read.ts';
import { turnMethods } from './turns.ts';

/** The methods by name, for one server. */
export function methodTable(): MethodTable {
  const app = new App();
  const methods: Readonly<Record<string, Method>> = {
    ...lifeMethods(app),
    ...readMethods,
    ...changeMethods,
    ...turnMethods(app),
    ...shellMethods(app),
    ...capabilityMethods,
    ...configMethods,
    ...extensionMethods,
    ...fileMethods(),
    ...commandMethods(),
    ...searchMethods(),
  };
  return { methods, serve: (server) => app.serve(server) };
}
