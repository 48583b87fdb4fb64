/** All methods of the app server. */

import type { Method, MethodTable } from '../session.ts';

const methods: Readonly<Record<string, Method>> = {};

/** The methods by name. */
export const methodTable: MethodTable = { methods, serve: () => {} };
