/** How the openai client is bundled: without what it never uses here, and without a look at the web's globals. */

import { join } from 'node:path';
import type { Plugin } from 'rolldown';

const globals = join(import.meta.dirname, '../plugins/models/wire/thin-globals.ts');
const names = ['Headers', 'Response', 'FormData'].map((name) => `Thin${name} as ${name}`);
const prefix = `import { ${names.join(', ')} } from ${JSON.stringify(globals)};`;

/**
 * Within the openai package alone, thin classes take the place of the globals whose first use loads undici, and the
 * event streams of its helpers, which look at them when they are loaded, are left out. test/config/build-openai.test.ts
 * holds it to that.
 */
export const thinOpenai: Plugin = {
  name: 'thin-openai',
  load: {
    filter: { id: /node_modules\/openai\/lib\/EventStream\.mjs$/ },
    handler: () => 'export class EventStream {}',
  },
  transform: {
    filter: { id: /node_modules\/openai\/.*\.mjs$/ },
    handler: (code) => `${prefix}\n${code}`,
  },
};
