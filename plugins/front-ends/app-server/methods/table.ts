/** All methods of the app server, aliases too. */

import type { Method, MethodTable } from '../session.ts';
import { App } from './app.ts';
import { capabilityMethods } from './capabilities.ts';
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
    ...capabilityMethods,
  };
  return { methods, serve: (server) => app.serve(server) };
}
